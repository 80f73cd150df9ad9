"""Couplings: half of an image decides how the other half is transformed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from genera.core import Transform, check_positive, sum_over_dims
from genera.flows.chain import Chain, checked_context
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
        seen = _with_context(x * self.mask, context, self.context_channels)
        return self.conditioner(seen).to(x.dtype).unflatten(1, (self.elementwise.num_params, -1))


class ChannelCoupling(Transform):
    """A :class:`Coupling` of whole channels, at half the cost: its network sees those that stay, not zeros in place of
    the others, and only the others have parameters.

    Args:
        shape: ``(C, H, W)``.
        context_channels: K, as in :class:`Coupling`.
        mask: which channels stay.
        conditioner: network from the channels that stay, and those of the context behind them, to ``num_params``
            for each of the others.
        elementwise: what is applied to the others.
        odd: exchange the halves.

    Raises:
        ValueError: the mask is not of whole channels, or leaves none or all; at a call without a context of
            ``context_channels`` channels, where there are any.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """

    staying: Tensor
    changing: Tensor
    order: Tensor

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
        # On the CPU, where its values can be read, even of a model that is made without memory for its numbers.
        with torch.device("cpu"):
            stays = mask(self.shape, odd).flatten(1)
        whole = stays[:, 0]
        if not torch.equal(stays, whole[:, None].expand_as(stays)) or whole.all() or not whole.any():
            raise ValueError(
                f"ChannelCoupling needs a mask that leaves some of the channels, whole, and not all; at shape "
                f"{self.shape} this one does not: take Coupling, or squeeze first"
            )
        staying, changing = whole.nonzero().squeeze(1), (~whole).nonzero().squeeze(1)
        device = torch.get_default_device()
        self.register_buffer("staying", staying.to(device), persistent=False)
        self.register_buffer("changing", changing.to(device), persistent=False)
        # Where each channel is found when those that stay stand before the others.
        self.register_buffer("order", torch.cat([staying, changing]).argsort().to(device), persistent=False)
        self.elementwise = elementwise(len(self.changing))
        self.context_channels = context_channels
        self.conditioner = conditioner(
            len(self.staying) + context_channels, self.elementwise.num_params * len(self.changing)
        )

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        stays = x.index_select(1, self.staying)
        y, log_derivative = self.elementwise(x.index_select(1, self.changing), self._params(stays, context))
        return self._joined(stays, y), sum_over_dims(log_derivative)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        stays = y.index_select(1, self.staying)
        x, log_derivative = self.elementwise.inverse(y.index_select(1, self.changing), self._params(stays, context))
        return self._joined(stays, x), sum_over_dims(log_derivative)

    def _params(self, stays: Tensor, context: Tensor | None) -> Tensor:
        """``(B, num_params, C', H, W)`` for the C' channels that change, in the precision of ``stays``."""
        seen = _with_context(stays, context, self.context_channels)
        return self.conditioner(seen).to(stays.dtype).unflatten(1, (self.elementwise.num_params, -1))

    def _joined(self, stays: Tensor, changed: Tensor) -> Tensor:
        return torch.cat([stays, changed], dim=1).index_select(1, self.order)


def _with_context(x: Tensor, context: Tensor | None, channels: int) -> Tensor:
    """``x``, ``(B, C, H, W)``, with the context behind its channels.

    Args:
        x: what a network reads.
        context: ``(B, K, H, W)`` or, the same for every pixel, ``(B, K)``.
        channels: K; with none, any context is passed over.

    Raises:
        ValueError: there is no context of that many channels.
    """
    if not channels:
        return x
    if context is not None and context.ndim == 2:
        context = context[:, :, None, None].expand(-1, -1, *x.shape[2:])
    context = checked_context(context, (channels, *x.shape[2:]), needed_by="this coupling")
    return torch.cat([x, context], dim=1)


class Couplings(Transform):
    """``count`` couplings that take turns: what one leaves the next transforms.

    Args:
        shape: ``(C, H, W)``.
        context_channels: as in :class:`Coupling`.
        count: how many.
        mask: which values the first leaves.
        conditioner: as in :class:`Coupling`.
        elementwise: as in :class:`Coupling`.
        whole_channels: make them :class:`ChannelCoupling`; the mask must be of whole channels.

    Raises:
        ValueError: ``count`` is not positive, or the mask does not fit.
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
        whole_channels: bool = False,
    ) -> None:
        super().__init__(shape)
        check_positive(count=count)
        coupling = partial(
            ChannelCoupling if whole_channels else Coupling,
            context_channels=context_channels,
            mask=mask,
            conditioner=conditioner,
            elementwise=elementwise,
        )
        self.chain = Chain(shape, [partial(coupling, odd=index % 2 == 1) for index in range(count)])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
