"""How wide a pixel likelihood is, on [0, 1]."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

#: No density is narrower: the bin of one of 256 levels is 39 times as wide, and can so hold all of its mass.
MIN_SCALE = 1e-4
#: None that is stated is wider: beyond it the end bins, which are finite, would not hold the rest of the mass.
MAX_SCALE = 1e4


class SharedScale(nn.Module):
    """One scale for all pixels: stated, or learned, from 0.1, above ``MIN_SCALE``.

    Args:
        value: of the scale; learned where there is none.

    Raises:
        ValueError: ``value`` lies outside of ``MIN_SCALE`` … ``MAX_SCALE``.

    Source:
        Rybkin, Daniilidis & Levine (2021) for learning it.
    """

    def __init__(self, value: float | None) -> None:
        super().__init__()
        if value is not None and not MIN_SCALE <= value <= MAX_SCALE:
            raise ValueError(f"scale must be between {MIN_SCALE:g} and {MAX_SCALE:g}, got {value}")
        self.value = value
        if value is None:
            self.log_excess = nn.Parameter(torch.tensor(math.log(0.1 - MIN_SCALE)))

    def forward(self) -> float | Tensor:
        """The scale, ``()`` where it is learned."""
        return MIN_SCALE + self.log_excess.exp() if self.value is None else self.value


def scale_from(params: Tensor) -> Tensor:
    """Any numbers to scales between ``MIN_SCALE`` and 1; zeros to a quarter of the range, where a network may start.

    Well below zero it is an exponential, so the parameters are log-scales, with soft bounds at both ends. (PixelCNN++
    cuts them off at e^-7 on [-1, 1].)
    """
    return MIN_SCALE + (1 - MIN_SCALE) * torch.sigmoid(params - math.log(3))
