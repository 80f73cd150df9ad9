"""The interface of the element-wise transforms of couplings."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Elementwise(nn.Module, ABC):
    """An increasing function of one number with ``num_params`` parameters.

    The only required argument of a subclass is the number of channels.
    """

    #: Number of parameters per value, which the conditioner of a coupling computes.
    num_params: int

    @abstractmethod
    def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` ``(B, C, H, W)``, ``params`` ``(B, num_params, C, H, W)`` -> ``y`` and ``log dy/dx`` per value."""

    @abstractmethod
    def inverse(self, y: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        """``y`` and ``params`` -> ``x`` and ``log dx/dy`` per value."""
