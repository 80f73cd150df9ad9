"""The steps of Glow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from genera.core import Transform
from genera.flows.actnorm import ActNorm
from genera.flows.chain import Chain, TransformFactory, check_steps
from genera.flows.coupling import Coupling
from genera.flows.elementwise import Affine, Elementwise
from genera.flows.invertible_conv import InvertibleConv1x1
from genera.flows.masks import channel_halves


class GlowSteps(Transform):
    """``count`` steps of ActNorm, invertible 1×1 convolution and coupling of whole channels.

    Args:
        shape: ``(C, H, W)``.
        count: number of steps.
        context_channels, conditioner, elementwise: as in :class:`Coupling`.
        seed: of the initial rotation of the first convolution; step ``i`` uses ``seed + i``.

    Raises:
        ValueError: ``count`` is not positive, or there is only one channel.

    Source:
        Kingma & Dhariwal (2018), section 3.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        context_channels: int = 0,
        *,
        count: int,
        conditioner: Callable[[int, int], nn.Module],
        elementwise: Callable[[int], Elementwise] = Affine,
        seed: int = 0,
    ) -> None:
        super().__init__(shape)
        check_steps(count)
        coupling = partial(
            Coupling,
            context_channels=context_channels,
            mask=channel_halves,
            conditioner=conditioner,
            elementwise=elementwise,
            whole_channels=True,
        )
        steps: list[TransformFactory] = []
        for index in range(count):
            steps += [ActNorm, partial(InvertibleConv1x1, seed=seed + index), coupling]
        self.chain = Chain(shape, steps)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain(x, context)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return self.chain.inverse(y, context)
