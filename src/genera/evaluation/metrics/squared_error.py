"""Mean squared error of reconstructions."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import concatenate


class SquaredError(Metric):
    """Mean of the squared difference of pixels on [0, 1]; lower is better.

    Args:
        levels: number of pixel values; the highest is 1.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``."""
        error = (images.double() - reconstructions.double()) / (self.levels - 1)
        self.per_image.append(error.square().flatten(1).mean(dim=1))

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` errors, one per image."""
        return concatenate(self.per_image)
