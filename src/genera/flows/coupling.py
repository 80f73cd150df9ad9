"""Couplings: half of the values of an image parameterize the transform of the other half."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from genera.core import Transform
from genera.flows.chain import Chain, check_steps, checked_context
from genera.flows.elementwise import Affine, Elementwise
from genera.flows.log_det import LogDet

#: A function ``(shape, invert) -> bool (C, H, W)``, True for values that a coupling leaves unchanged.
Mask = Callable[[tuple[int, ...], bool], Tensor]


class Coupling(Transform):
    """Leaves masked values unchanged, and transforms the others element-wise with parameters computed from the masked.

    Args:
        shape: ``(C, H, W)``.
        context_channels: K, of a context ``(B, K, H, W)`` or, constant over pixels, ``(B, K)``; 0 for no context.
        mask: the values that are left unchanged.
        conditioner: network from the C channels of the masked image and the K of the context, concatenated, to
            ``num_params · C`` channels.
        elementwise: the transform of the other values.
        invert: swap the two halves.

    Raises:
        ValueError: when called without a context of ``context_channels`` channels.

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
        invert: bool = False,
    ) -> None:
        super().__init__(shape)
        channels = self.shape[0]
        # A mask may be an expanded view, into which nothing can be copied.
        self.register_buffer("mask", mask(self.shape, invert).clone(), persistent=False)
        self.elementwise = elementwise(channels)
        self.log_det = LogDet()
        self.context_channels = context_channels
        self.conditioner = conditioner(channels + context_channels, self.elementwise.num_params * channels)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, log_derivative = self.elementwise(x, self._params(x, context))
        return y.where(~self.mask, x), self.log_det(log_derivative.masked_fill(self.mask, 0))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_derivative = self.elementwise.inverse(y, self._params(y, context))
        return x.where(~self.mask, y), self.log_det(log_derivative.masked_fill(self.mask, 0))

    def _params(self, x: Tensor, context: Tensor | None) -> Tensor:
        """``(B, num_params, C, H, W)`` in the dtype of ``x``, also if the network runs in half precision."""
        inputs = _with_context(x * self.mask, context, self.context_channels)
        return self.conditioner(inputs).to(x.dtype).unflatten(1, (self.elementwise.num_params, -1))


class ChannelCoupling(Transform):
    """A :class:`Coupling` of whole channels, at half the cost: the input of its network has only the unchanged
    channels, and its output only parameters of the transformed ones.

    Args:
        shape: ``(C, H, W)``.
        mask: the channels that are left unchanged.
        conditioner: network from the unchanged channels and the K of the context, concatenated, to ``num_params``
            channels per transformed channel.
        context_channels, elementwise, invert: as in :class:`Coupling`.

    Raises:
        ValueError: the mask does not consist of whole channels, or selects none or all; when called without a context
            of ``context_channels`` channels.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """

    unchanged: Tensor
    transformed: Tensor
    order: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        context_channels: int = 0,
        *,
        mask: Mask,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
        invert: bool = False,
    ) -> None:
        super().__init__(shape)
        # On the CPU, where its values can be read, even if the model is built on the meta device.
        with torch.device("cpu"):
            values = mask(self.shape, invert).flatten(1)
        channels = values[:, 0]
        if not torch.equal(values, channels[:, None].expand_as(values)) or channels.all() or not channels.any():
            raise ValueError(
                "ChannelCoupling needs a mask of whole channels that selects some and not all of them, which this one "
                f"does not at shape {self.shape}: use Coupling, or squeeze first"
            )
        unchanged, transformed = channels.nonzero().squeeze(1), (~channels).nonzero().squeeze(1)
        device = torch.get_default_device()
        self.register_buffer("unchanged", unchanged.to(device), persistent=False)
        self.register_buffer("transformed", transformed.to(device), persistent=False)
        # Position of each channel after concatenating the unchanged and the transformed channels.
        self.register_buffer("order", torch.cat([unchanged, transformed]).argsort().to(device), persistent=False)
        self.elementwise = elementwise(len(self.transformed))
        self.log_det = LogDet()
        self.context_channels = context_channels
        self.conditioner = conditioner(
            len(self.unchanged) + context_channels, self.elementwise.num_params * len(self.transformed)
        )

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        unchanged = x.index_select(1, self.unchanged)
        y, log_derivative = self.elementwise(x.index_select(1, self.transformed), self._params(unchanged, context))
        return self._join(unchanged, y), self.log_det(log_derivative)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        unchanged, transformed = y.index_select(1, self.unchanged), y.index_select(1, self.transformed)
        x, log_derivative = self.elementwise.inverse(transformed, self._params(unchanged, context))
        return self._join(unchanged, x), self.log_det(log_derivative)

    def _params(self, unchanged: Tensor, context: Tensor | None) -> Tensor:
        """``(B, num_params, C', H, W)`` for the C' transformed channels, in the dtype of ``unchanged``."""
        inputs = _with_context(unchanged, context, self.context_channels)
        return self.conditioner(inputs).to(unchanged.dtype).unflatten(1, (self.elementwise.num_params, -1))

    def _join(self, unchanged: Tensor, transformed: Tensor) -> Tensor:
        return torch.cat([unchanged, transformed], dim=1).index_select(1, self.order)


def _with_context(x: Tensor, context: Tensor | None, channels: int) -> Tensor:
    """Concatenate the context to the channels of ``x``.

    Args:
        x: ``(B, C, H, W)``.
        context: ``(B, K, H, W)`` or, constant over pixels, ``(B, K)``.
        channels: K; if 0, a context is ignored.

    Raises:
        ValueError: the context is None or has another number of channels.
    """
    if not channels:
        return x
    if context is not None and context.ndim == 2:
        context = context[:, :, None, None].expand(-1, -1, *x.shape[2:])
    context = checked_context(context, (channels, *x.shape[2:]), needed_by="this coupling")
    return torch.cat([x, context], dim=1)


class Couplings(Transform):
    """``count`` couplings with alternating halves: each transforms the values that the previous one left unchanged.

    Args:
        shape: ``(C, H, W)``.
        count: number of couplings.
        mask: the values that the first coupling leaves unchanged.
        context_channels, conditioner, elementwise: as in :class:`Coupling`.
        whole_channels: use :class:`ChannelCoupling`; the mask must consist of whole channels.

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
        check_steps(count)
        coupling = partial(
            ChannelCoupling if whole_channels else Coupling,
            context_channels=context_channels,
            mask=mask,
            conditioner=conditioner,
            elementwise=elementwise,
        )
        self.chain = Chain(shape, [partial(coupling, invert=index % 2 == 1) for index in range(count)])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
