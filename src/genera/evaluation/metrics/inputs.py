"""Checks of the inputs of metrics, and concatenation of their states."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat


def class_counts(labels: Tensor, num_classes: int) -> Tensor:
    """Number of images of each class: int64 ``(B,)`` to ``(num_classes,)``.

    Raises:
        ValueError: the labels are not int64 ``(B,)``, or out of range.
    """
    if labels.dtype != torch.int64 or labels.dim() != 1:
        raise ValueError(f"labels must be torch.int64 (B,), got {labels.dtype} {tuple(labels.shape)}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        got = f"labels from {int(labels.min())} to {int(labels.max())}"
        raise ValueError(f"labels must be between 0 and {num_classes - 1} (num_classes = {num_classes}), got {got}")
    return torch.bincount(labels, minlength=num_classes)


def check_features(features: Tensor, num_features: int) -> None:
    """Check the shape ``(B, F)`` of features and that they are finite.

    Raises:
        ValueError: the features have the wrong shape or are not finite.
    """
    if features.dim() != 2 or features.shape[1] != num_features:
        raise ValueError(f"features must have shape (B, {num_features}), got {tuple(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features must be finite, got inf or NaN: check the weights of the network")


def float64_features(features: Tensor, num_features: int) -> Tensor:
    """Check features ``(B, F)`` and convert them to float64: differences of sums of squares lose digits.

    Raises:
        ValueError: the features have the wrong shape or are not finite.
    """
    check_features(features, num_features)
    return features.double()


def check_min_images(minimum: int, count: int) -> None:
    """Check that a metric has enough images.

    Raises:
        ValueError: ``count`` is below ``minimum``.
    """
    if count < minimum:
        raise ValueError(f"this metric needs at least {minimum} image{'s' * (minimum > 1)}, got {count}")


def concatenate(state: list[Tensor], *shape: int) -> Tensor:
    """Concatenate the state of a metric over batches to ``(N, *shape)``."""
    # With several processes torchmetrics replaces the list by one concatenated tensor.
    return dim_zero_cat(state) if len(state) else torch.zeros(0, *shape)
