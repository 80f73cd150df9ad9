"""Labels of conditional models: checks, one-hot encoding, sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from genera.core.image_model import ImageModel


def check_labels(labels: Tensor | None, *, count: int, num_classes: int) -> Tensor:
    """Return the labels of ``count`` images if they are valid.

    Raises:
        ValueError: they are None, not int64 ``(count,)``, or not in ``0 … num_classes - 1``.
    """
    if labels is None:
        raise ValueError("this model is conditional on labels and needs those of the images: choose data with labels")
    if not isinstance(labels, Tensor):
        raise ValueError(f"labels must be a tensor, torch.int64 (B,), got {type(labels).__name__}")
    if labels.dtype != torch.int64 or labels.dim() != 1:
        raise ValueError(f"labels must be torch.int64 (B,), got {labels.dtype} {tuple(labels.shape)}")
    if len(labels) != count:
        raise ValueError(f"there must be one label for each image, got {len(labels)} for {count}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(
            f"this model was trained on {num_classes} classes, got labels from {int(labels.min())} to "
            f"{int(labels.max())}: choose data with the same classes"
        )
    return labels


def one_hot(labels: Tensor | None, num_classes: int, *, count: int, dtype: torch.dtype) -> Tensor:
    """Labels of ``count`` images for a conditional model: int64 ``(count,)`` to ``(count, num_classes)``.

    Raises:
        ValueError: :func:`check_labels` rejects them.
    """
    return F.one_hot(check_labels(labels, count=count, num_classes=num_classes), num_classes).to(dtype)


def labels_for_sampling(
    model: ImageModel, count: int, labels: Tensor | None, *, generator: torch.Generator | None = None
) -> Tensor | None:
    """The labels with which a model samples ``count`` images.

    Args:
        model: the model that samples.
        count: number of images.
        labels: the requested labels, int64 ``(count,)``; if None, they are sampled uniformly.
        generator: for sampling the labels.

    Returns:
        int64 ``(count,)``, or None for an unconditional model.

    Raises:
        ValueError: labels are given to an unconditional model, or :func:`check_labels` rejects them.
    """
    if not model.class_conditional:
        if labels is not None:
            name = type(model).__name__
            raise ValueError(f"this {name} was not trained with labels and cannot sample by label: omit the labels")
        return None
    if labels is None:
        return torch.randint(model.spec.num_classes, (count,), generator=generator, device=model.device)
    return check_labels(labels, count=count, num_classes=model.spec.num_classes)
