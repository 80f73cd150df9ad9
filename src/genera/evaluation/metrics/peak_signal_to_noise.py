"""Peak signal-to-noise ratio of reconstructions."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import concatenate

#: Lower limit of the mean squared error on [0, 1]: half a level of 256 in one of 50,000 pixels.
_MIN_ERROR = 1e-10


class PeakSignalToNoise(Metric):
    """Mean over images of ``10 log_10 (peak² / squared error)``, in decibels; higher is better, 100 if they are equal.

    Args:
        levels: number of pixel values; the highest is the peak.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``."""
        error = (images.double() - reconstructions.double()) / (self.levels - 1)
        self.per_image.append(-10 * error.square().flatten(1).mean(dim=1).clamp_min(_MIN_ERROR).log10())

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` decibels, one per image."""
        return concatenate(self.per_image)
