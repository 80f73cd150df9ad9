"""Labels as an input of the networks of GANs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LabelInput(nn.Module):
    """Checks the labels, and concatenates an embedding of them to the input.

    Args:
        num_classes: 0 for an unconditional network.
        layer: the embedding, ``(B, num_classes) -> (B, C, …)``; if None, the labels are only checked.
    """

    def __init__(self, num_classes: int, layer: nn.Module | None) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.layer = layer

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """``(B, C, …)`` and one-hot ``(B, num_classes)`` to the input with the channels of the embedding appended."""
        self._check(labels)
        return x if self.layer is None else torch.cat([x, self.layer(labels)], dim=1)

    def _check(self, labels: Tensor | None) -> None:
        got = None if labels is None else tuple(labels.shape[1:])
        if got != ((self.num_classes,) if self.num_classes else None):
            takes = f"one-hot labels (B, {self.num_classes})" if self.num_classes else "no labels (num_classes is 0)"
            given = "none" if labels is None else f"labels of shape {tuple(labels.shape)}"
            raise ValueError(f"this network takes {takes}, got {given}")


class LabelPlane(nn.Module):
    """A plane of the size of the image that is a linear function of the label.

    Args:
        num_classes: number of classes.
        size: height and width.
    """

    def __init__(self, num_classes: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.linear = nn.Linear(num_classes, size[0] * size[1])

    def forward(self, labels: Tensor) -> Tensor:
        """One-hot ``(B, num_classes) -> (B, 1, H, W)``."""
        return self.linear(labels).unflatten(1, (1, *self.size))
