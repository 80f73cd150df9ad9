"""The affine transform of RealNVP."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genera.flows.elementwise.base import Elementwise


class Affine(Elementwise):
    """``y = (x + t) · exp(s)`` with ``s`` bounded to ``(-e^γ, e^γ)`` by a tanh, γ learned per channel.

    The bound prevents one bad step from making the scale explode; γ lets the model widen it.

    Args:
        channels: C.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), with the report's bounded scale.
    """

    num_params = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_bound = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        s, t = self._scale_and_shift(params)
        return (x + t) * s.exp(), s

    def inverse(self, y: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        s, t = self._scale_and_shift(params)
        return y * (-s).exp() - t, -s

    def _scale_and_shift(self, params: Tensor) -> tuple[Tensor, Tensor]:
        s, t = params.unbind(dim=1)
        bound = self.log_bound.exp()[:, None, None]
        return torch.tanh(s / bound) * bound, t
