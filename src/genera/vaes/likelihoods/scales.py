"""Scales of pixel likelihoods on [0, 1]."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

#: Smallest scale: the bin of one of 256 levels is 39 times as wide and can contain all mass of a density.
MIN_SCALE = 1e-4
#: Largest fixed scale: above it the end bins, which are finite, would not contain the rest of the mass.
MAX_SCALE = 1e4


class SharedScale(nn.Module):
    """One scale for all pixels, fixed or learned.

    Args:
        value: the fixed scale; if None, the scale is learned, initially 0.1 and always above ``MIN_SCALE``.

    Raises:
        ValueError: ``value`` is outside ``MIN_SCALE`` … ``MAX_SCALE``.

    Source:
        Rybkin, Daniilidis & Levine (2021) for the learned scale.
    """

    def __init__(self, value: float | None) -> None:
        super().__init__()
        if value is not None and not MIN_SCALE <= value <= MAX_SCALE:
            raise ValueError(f"scale must be between {MIN_SCALE:g} and {MAX_SCALE:g}, got {value}")
        self.value = value
        if value is None:
            self.log_excess = nn.Parameter(torch.tensor(math.log(0.1 - MIN_SCALE)))

    def forward(self) -> float | Tensor:
        """The scale; a tensor ``()`` if it is learned."""
        return MIN_SCALE + self.log_excess.exp() if self.value is None else self.value


def scale_from(params: Tensor) -> Tensor:
    """Map network outputs to scales between ``MIN_SCALE`` and 1; zeros give 0.25, a suitable initial value.

    Well below zero it is an exponential, so the parameters are log-scales with soft bounds. (PixelCNN++ clamps them at
    e^-7 on [-1, 1].)
    """
    return MIN_SCALE + (1 - MIN_SCALE) * torch.sigmoid(params - math.log(3))
