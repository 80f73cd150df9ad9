"""Couplings: half of an image decides how the other half is transformed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from genera.core import Transform, check_positive, sum_over_dims
from genera.flows.chain import Chain
from genera.flows.elementwise import Affine, Elementwise

#: A function ``(shape, odd) -> bool (C, H, W)``, True where a coupling leaves the value as it is.
Mask = Callable[[tuple[int, ...], bool], Tensor]


class Coupling(Transform):
    """Leaves the masked values, and transforms the others element by element with parameters read off the masked.

    Args:
        shape: ``(C, H, W)``.
        context_channels: K, of a context ``(B, K, H, W)`` or, the same for every pixel, ``(B, K)``.
        mask: which values stay.
        conditioner: network from the C channels of the masked image, and those of the context behind them, to
            ``num_params · C`` channels.
        elementwise: what is applied to the values that do not stay.
        odd: exchange the halves.

    Raises:
        ValueError: at a call without a context of ``context_channels`` channels, where there are any.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017).
    """

    mask: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        context_channels: int = 0,
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
        self.context_channels = context_channels
        self.conditioner = conditioner(channels + context_channels, self.elementwise.num_params * channels)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, log_derivative = self.elementwise(x, self._params(x, context))
        return y.where(~self.mask, x), sum_over_dims(log_derivative.masked_fill(self.mask, 0))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_derivative = self.elementwise.inverse(y, self._params(y, context))
        return x.where(~self.mask, y), sum_over_dims(log_derivative.masked_fill(self.mask, 0))

    def _params(self, x: Tensor, context: Tensor | None) -> Tensor:
        """``(B, num_params, C, H, W)`` in the precision of ``x``, whatever precision the network ran in."""
        seen = x * self.mask
        if self.context_channels:
            seen = torch.cat([seen, self._spread(context)], dim=1)
        params = self.conditioner(seen).to(x.dtype)
        return params.unflatten(1, (self.elementwise.num_params, -1))

    def _spread(self, context: Tensor | None) -> Tensor:
        """The context at every pixel, ``(B, K, H, W)``."""
        if context is not None and context.ndim == 2:
            context = context[:, :, None, None].expand(-1, -1, *self.shape[1:])
        shape = (self.context_channels, *self.shape[1:])
        if context is None or context.shape[1:] != shape:
            got = "none" if context is None else f"one of shape {tuple(context.shape)}"
            raise ValueError(f"this coupling needs a context (B, {', '.join(map(str, shape))}), got {got}")
        return context


class Couplings(Transform):
    """``count`` couplings that take turns: what one leaves the next transforms.

    Args:
        shape: ``(C, H, W)``.
        context_channels: as in :class:`Coupling`.
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
        context_channels: int = 0,
        *,
        count: int,
        mask: Mask,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
    ) -> None:
        super().__init__(shape)
        check_positive(count=count)
        coupling = partial(
            Coupling, context_channels=context_channels, mask=mask, conditioner=conditioner, elementwise=elementwise
        )
        self.chain = Chain(shape, [partial(coupling, odd=index % 2 == 1) for index in range(count)])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
