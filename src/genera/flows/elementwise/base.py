"""What a coupling applies to each value."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Elementwise(nn.Module, ABC):
    """An increasing function of one number whose shape is set by ``num_params`` others.

    A subclass takes the number of channels as its only required argument.
    """

    #: Parameters per value, which the conditioner of a coupling provides.
    num_params: int

    @abstractmethod
    def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` ``(B, C, H, W)``, ``params`` ``(B, num_params, C, H, W)`` -> ``y`` and ``log dy/dx`` per value."""

    @abstractmethod
    def inverse(self, y: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """``y`` and ``params`` -> ``x`` and ``log dx/dy`` per value."""
