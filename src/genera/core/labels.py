"""Labels as a network takes them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def one_hot(labels: Tensor | None, num_classes: int, *, dtype: torch.dtype) -> Tensor:
    """Labels for a conditional model: int64 ``(B,)`` to ``(B, num_classes)``.

    Raises:
        ValueError: there are none, they are not int64 ``(B,)``, or of other classes than the model's.
    """
    if labels is None:
        raise ValueError("this model was trained with labels and needs those of the images: choose data with labels")
    if labels.dtype != torch.int64 or labels.dim() != 1:
        raise ValueError(f"labels must be torch.int64 (B,), got {labels.dtype} {tuple(labels.shape)}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(
            f"this model was trained on {num_classes} classes, got labels from {int(labels.min())} to "
            f"{int(labels.max())}: choose data with the same classes"
        )
    return F.one_hot(labels, num_classes).to(dtype)
