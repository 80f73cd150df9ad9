"""Couplings: half of the values of an image parameterize the transform of the other half."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from genera.core import Transform
from genera.flows.chain import Chain, check_steps, checked_context
from genera.flows.elementwise import Affine, Elementwise
from genera.flows.halves import ChannelHalves, MaskedHalves
from genera.flows.log_det import LogDet

#: A function ``(shape, invert) -> bool (C, H, W)``, True for values that a coupling keeps.
Mask = Callable[[tuple[int, ...], bool], Tensor]


class Coupling(Transform):
    """Keeps half of the values, and transforms the others element-wise with parameters computed from the kept half.

    Args:
        shape: ``(C, H, W)``.
        context_channels: K, of a context ``(B, K, H, W)`` or, constant over pixels, ``(B, K)``; 0 for no context.
        mask: the values that are kept.
        conditioner: network from the C channels of the masked image and the K of the context, concatenated, to
            ``num_params · C`` channels.
        elementwise: the transform of the other values.
        invert: swap the two halves.
        whole_channels: the mask consists of whole channels. The network then gets the kept channels only, and returns
            the parameters of the others only, at half the cost.

    Raises:
        ValueError: with ``whole_channels``, the mask does not consist of whole channels, or selects none or all; when
            called without a context of ``context_channels`` channels.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017); section 3.4 for ``whole_channels``.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        context_channels: int = 0,
        *,
        mask: Mask,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
        invert: bool = False,
        whole_channels: bool = False,
    ) -> None:
        super().__init__(shape)
        # On the CPU, where its values can be read, even if the model is built on the meta device.
        with torch.device("cpu"):
            values = mask(self.shape, invert)
        self.halves = ChannelHalves(values) if whole_channels else MaskedHalves(values)
        self.elementwise = elementwise(self.halves.num_transformed)
        self.log_det = LogDet()
        self.context_channels = context_channels
        self.conditioner = conditioner(
            self.halves.num_inputs + context_channels, self.elementwise.num_params * self.halves.num_transformed
        )

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        inputs, kept, transformed = self.halves.split(x)
        y, log_derivative = self.elementwise(transformed, self._params(inputs, context))
        return self.halves.join(kept, y), self.log_det(self.halves.of_transformed(log_derivative))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        inputs, kept, transformed = self.halves.split(y)
        x, log_derivative = self.elementwise.inverse(transformed, self._params(inputs, context))
        return self.halves.join(kept, x), self.log_det(self.halves.of_transformed(log_derivative))

    def _params(self, inputs: Tensor, context: Tensor | None) -> Tensor:
        """``(B, num_params, C', H, W)`` for C' channels, in the dtype of ``inputs``, also after half precision."""
        params = self.conditioner(_with_context(inputs, context, self.context_channels))
        return params.to(inputs.dtype).unflatten(1, (self.elementwise.num_params, -1))


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
    """``count`` couplings with alternating halves: each transforms the values that the previous one kept.

    Args:
        shape: ``(C, H, W)``.
        count: number of couplings.
        mask: the values that the first coupling keeps.
        context_channels, conditioner, elementwise, whole_channels: as in :class:`Coupling`.

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
            Coupling,
            context_channels=context_channels,
            mask=mask,
            conditioner=conditioner,
            elementwise=elementwise,
            whole_channels=whole_channels,
        )
        self.chain = Chain(shape, [partial(coupling, invert=index % 2 == 1) for index in range(count)])

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
