"""Priors of the half that a split factors out: transforms that map it to a standard normal."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from genera.core import Transform
from genera.flows.elementwise import Affine, Elementwise
from genera.flows.log_det import LogDet


class SplitPrior(Transform):
    """``y = (x - mean) · exp(-log_std)``: a learned Gaussian for every value, the same for all images.

    Args:
        shape: of one input, without the batch.

    Source:
        Kingma & Dhariwal (2018), whose splits have a learned prior.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.mean = nn.Parameter(torch.zeros(shape))
        self.log_std = nn.Parameter(torch.zeros(shape))
        self.log_det = LogDet()

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return (x - self.mean) * torch.exp(-self.log_std), self.log_det(-self.log_std.expand_as(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return y * self.log_std.exp() + self.mean, self.log_std.sum().expand(len(y))


class ConditionalSplitPrior(Transform):
    """Transforms every value with parameters that a network computes from the kept half, which is the context.

    With :class:`~genera.flows.Affine` it is a Gaussian whose mean and scale are predicted from the kept half.

    Args:
        shape: ``(C, H, W)`` of either half.
        conditioner: network from the C channels of the kept half to ``num_params · C`` channels.
        elementwise: the transform of the factored-out half.

    Raises:
        ValueError: when called without a context.

    Source:
        Kingma & Dhariwal (2018).
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
    ) -> None:
        super().__init__(shape)
        self.elementwise = elementwise(shape[0])
        self.log_det = LogDet()
        self.conditioner = conditioner(shape[0], self.elementwise.num_params * shape[0])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, log_derivative = self.elementwise(x, self._params(context, x.dtype))
        return y, self.log_det(log_derivative)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_derivative = self.elementwise.inverse(y, self._params(context, y.dtype))
        return x, self.log_det(log_derivative)

    def _params(self, context: Tensor | None, dtype: torch.dtype) -> Tensor:
        """``(B, num_params, C, H, W)`` in ``dtype``, also if the network runs in half precision."""
        if context is None:
            raise ValueError("ConditionalSplitPrior needs the kept half as context, got none")
        return self.conditioner(context).to(dtype).unflatten(1, (self.elementwise.num_params, -1))
