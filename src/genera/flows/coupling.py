"""Couplings: half of an image decides how the other half is transformed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from genera.core import Transform, sum_over_dims
from genera.flows.chain import Chain
from genera.flows.elementwise import Affine, Elementwise

#: A function ``(shape, odd) -> bool (C, H, W)``, True where a coupling leaves the value as it is.
Mask = Callable[[tuple[int, ...], bool], Tensor]


class Coupling(Transform):
    """Leaves the masked values, and transforms the others element by element with parameters read off the masked.

    Args:
        shape: ``(C, H, W)``.
        mask: which values stay.
        conditioner: network from the C channels of the masked image to ``num_params · C`` channels.
        elementwise: what is applied to the values that do not stay.
        odd: exchange the halves.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017).
    """

    mask: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        mask: Mask,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
        odd: bool = False,
    ) -> None:
        super().__init__(shape)
        channels = self.shape[0]
        # A mask may be an expanded view, which nothing could be copied into.
        self.register_buffer("mask", mask(self.shape, odd).clone(), persistent=False)
        self.elementwise = elementwise(channels)
        self.conditioner = conditioner(channels, self.elementwise.num_params * channels)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, log_derivative = self.elementwise(x, self._params(x))
        return y.where(~self.mask, x), sum_over_dims(log_derivative.masked_fill(self.mask, 0))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_derivative = self.elementwise.inverse(y, self._params(y))
        return x.where(~self.mask, y), sum_over_dims(log_derivative.masked_fill(self.mask, 0))

    def _params(self, x: Tensor) -> Tensor:
        """``(B, num_params, C, H, W)`` in the precision of ``x``, whatever precision the network ran in."""
        params = self.conditioner(x * self.mask).to(x.dtype)
        return params.unflatten(1, (self.elementwise.num_params, -1))


class Couplings(Transform):
    """``count`` couplings that take turns: what one leaves the next transforms.

    Args:
        shape: ``(C, H, W)``.
        count: how many.
        mask: which values the first leaves.
        conditioner: as in :class:`Coupling`.
        elementwise: as in :class:`Coupling`.

    Raises:
        ValueError: ``count`` is not positive.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        count: int,
        mask: Mask,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
    ) -> None:
        super().__init__(shape)
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        coupling = partial(Coupling, mask=mask, conditioner=conditioner, elementwise=elementwise)
        self.chain = Chain(shape, [partial(coupling, odd=index % 2 == 1) for index in range(count)])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
