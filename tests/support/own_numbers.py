"""A model that reads numbers of its own while it is made, as stochastic depth does."""

from __future__ import annotations

import torch
from noiseless import MeanImage

from genera.core import ImageSpec


class ReadsItsNumbers(MeanImage):
    """As :class:`MeanImage`, with rates that are plain numbers."""

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        self.rates = [rate.item() for rate in torch.linspace(0, 1, 3)]
