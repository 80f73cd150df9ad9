"""What metrics take in and keep."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat


def class_counts(labels: Tensor, num_classes: int) -> Tensor:
    """How many images there are of each class: int64 ``(B,)`` to ``(num_classes,)``.

    Raises:
        ValueError: they are not int64 ``(B,)``, or one is of none of the classes.
    """
    if labels.dtype != torch.int64 or labels.dim() != 1:
        raise ValueError(f"labels must be torch.int64 (B,), got {labels.dtype} {tuple(labels.shape)}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        got = f"labels from {int(labels.min())} to {int(labels.max())}"
        raise ValueError(f"labels must lie between 0 and {num_classes - 1} (num_classes = {num_classes}), got {got}")
    return torch.bincount(labels, minlength=num_classes)


def check_features(features: Tensor, num_features: int) -> None:
    """Refuse what are no features ``(B, F)``.

    Raises:
        ValueError: they have another shape, or one is not finite.
    """
    if features.dim() != 2 or features.shape[1] != num_features:
        raise ValueError(f"features must have shape (B, {num_features}), got {tuple(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features must be finite, got some that are not: look at the weights of what made them")


def exact_features(features: Tensor, num_features: int) -> Tensor:
    """Features ``(B, F)`` in float64: sums of squares of many lose the digits that differences are made of.

    Raises:
        ValueError: they have another shape, or one is not finite.
    """
    check_features(features, num_features)
    return features.double()


def check_at_least(least: int, count: int) -> None:
    """Refuse to speak of too few images.

    Raises:
        ValueError: there are fewer than the least.
    """
    if count < least:
        raise ValueError(f"this metric needs at least {least} image{'s' * (least > 1)}, got {count}")


def gathered(state: list[Tensor], *shape: int) -> Tensor:
    """What a metric has kept of every batch, in one tensor ``(N, *shape)``."""
    # Of several processes torchmetrics has put together what they kept, into a tensor that is no list any more.
    return dim_zero_cat(state) if len(state) else torch.zeros(0, *shape)
