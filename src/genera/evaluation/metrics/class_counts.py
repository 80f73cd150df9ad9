"""Counting the classes of images."""

from __future__ import annotations

import torch
from torch import Tensor


def class_counts(labels: Tensor, num_classes: int) -> Tensor:
    """How many images there are of each class: int64 ``(B,)`` to ``(num_classes,)``.

    Raises:
        ValueError: a label is of none of the classes.
    """
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        got = f"labels from {int(labels.min())} to {int(labels.max())}"
        raise ValueError(f"labels must lie between 0 and {num_classes - 1} (num_classes = {num_classes}), got {got}")
    return torch.bincount(labels, minlength=num_classes)
