"""Labels as a network takes them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core.contracts import ImageModel


def check_labels(labels: Tensor | None, *, count: int, num_classes: int) -> Tensor:
    """The labels of ``count`` images, where that is what they are.

    Raises:
        ValueError: there are none, they are not int64 ``(count,)``, or of other classes than the model's.
    """
    if labels is None:
        raise ValueError("this model was trained with labels and needs those of the images: choose data with labels")
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
        ValueError: they are not what :func:`check_labels` takes.
    """
    return F.one_hot(check_labels(labels, count=count, num_classes=num_classes), num_classes).to(dtype)


def labels_for_sampling(
    model: ImageModel, count: int, labels: Tensor | None, *, generator: torch.Generator | None = None
) -> Tensor | None:
    """The labels of ``count`` images that a model is to draw.

    Args:
        model: what draws them.
        count: number of images.
        labels: those asked for, int64 ``(count,)``; drawn evenly where there are none.
        generator: of the labels drawn.

    Returns:
        int64 ``(count,)``, or None for a model that was not trained with labels.

    Raises:
        ValueError: labels are asked of such a model, or they are not what :func:`check_labels` takes.
    """
    if not model.class_conditional:
        if labels is not None:
            name = type(model).__name__
            raise ValueError(f"this {name} was not trained with labels and cannot draw by label: leave them out")
        return None
    if labels is None:
        device = next(model.parameters()).device
        return torch.randint(model.spec.num_classes, (count,), generator=generator, device=device)
    return check_labels(labels, count=count, num_classes=model.spec.num_classes)
