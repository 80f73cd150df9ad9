"""A model that takes its noise from torch's global generator, as `nn.Dropout` does."""

from __future__ import annotations

from noiseless import MeanImage
from torch import nn

from genera.core import ImageSpec


class MeanImageWithDropout(MeanImage):
    """A :class:`MeanImage` with dropout."""

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        self.net.insert(1, nn.Dropout(0.5))
