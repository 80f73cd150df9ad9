"""A learned scale and shift per channel, initialized to standardize the data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genera.core import Transform

#: A channel that is nearly constant in one batch may vary in the next; this bounds how much it is scaled up.
MIN_STD = 1e-3


class ActNorm(Transform):
    """``y = (x - mean) / std · exp(log_scale) + shift`` per channel.

    ``mean`` and ``std`` are set once from data by :meth:`initialize`; before that they are 0 and 1. As buffers they are
    saved and copied with the model. ``log_scale`` and ``shift`` are learned and initially zero.

    Args:
        shape: ``(C, H, W)``.

    Source:
        Kingma & Dhariwal (2018), section 3.1.
    """

    needs_initialize = True
    mean: Tensor
    std: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        channels, height, width = self.shape
        self.num_pixels = height * width
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Set ``mean`` and ``std`` so that the channels of ``x``, ``(B, C, H, W)``, are standardized.

        Raises:
            ValueError: ``x`` is not a batch of the expected shape, or is empty.
        """
        if x.shape[1:] != self.shape or len(x) == 0:
            raise ValueError(f"x must have shape (B, {', '.join(map(str, self.shape))}), B > 0, got {tuple(x.shape)}")
        self.mean.copy_(x.mean(dim=(0, 2, 3)))
        self.std.copy_(x.std(dim=(0, 2, 3), correction=0).clamp(min=MIN_STD))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        scale = self.log_scale.exp() / self.std
        y = (x - _per_channel(self.mean)) * _per_channel(scale) + _per_channel(self.shift)
        return y, self._log_det.expand(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        scale = (-self.log_scale).exp() * self.std
        x = (y - _per_channel(self.shift)) * _per_channel(scale) + _per_channel(self.mean)
        return x, -self._log_det.expand(len(y))

    @property
    def _log_det(self) -> Tensor:
        """The log-determinant of one image, ``()`` nats; equal for all images."""
        return self.num_pixels * (self.log_scale - self.std.log()).sum()


def _per_channel(values: Tensor) -> Tensor:
    """``(C,)`` to ``(C, 1, 1)``, for broadcasting over images."""
    return values[:, None, None]
