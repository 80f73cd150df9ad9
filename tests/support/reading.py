"""A model that reads values of tensors in its constructor, as stochastic depth does."""

from __future__ import annotations

import torch
from noiseless import MeanImage

from genera.core import ImageSpec


class ReadsValues(MeanImage):
    """A :class:`MeanImage` with rates that are Python floats."""

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        self.rates = [rate.item() for rate in torch.linspace(0, 1, 3)]
