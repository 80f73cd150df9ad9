"""Distributions over flat latents."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genera.core.contracts import Distribution
from genera.core.numerics import sum_over_dims


class StandardNormal(Distribution):
    """``N(0, I)`` over ``num_dims`` dimensions.

    Args:
        num_dims: length of one vector.

    Raises:
        ValueError: ``num_dims`` is not positive.
    """

    # Tells `sample` where the model lives and in which precision; it has no other use.
    _anchor: Tensor

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        if num_dims < 1:
            raise ValueError(f"num_dims must be positive, got {num_dims}")
        self.num_dims = num_dims
        self.register_buffer("_anchor", torch.zeros(()), persistent=False)

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        return -0.5 * sum_over_dims(z**2) - 0.5 * self.num_dims * math.log(2 * math.pi)

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        shape = (count, self.num_dims)
        noise = torch.randn(shape, generator=generator, device=self._anchor.device, dtype=self._anchor.dtype)
        return temperature * noise
