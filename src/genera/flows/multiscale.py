"""What makes a flow multi-scale: trading space for channels, and letting half of the values go early."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import Transform
from genera.flows.chain import Chain, TransformFactory


class Squeeze(Transform):
    """Every 2×2 block of pixels becomes four channels: ``(C, H, W) -> (4C, H/2, W/2)``.

    Channel ``4c + 2i + j`` holds the pixels of row parity ``i`` and column parity ``j``.

    Args:
        shape: ``(C, H, W)``.

    Raises:
        ValueError: height or width is odd.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.6.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        channels, height, width = shape
        if height % 2 or width % 2:
            raise ValueError(
                f"Squeeze needs an even height and width, got {height}×{width}: "
                "use a recipe with fewer squeezes, or resize the images"
            )
        super().__init__(shape, out_shape=(4 * channels, height // 2, width // 2))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return F.pixel_unshuffle(x, 2), x.new_zeros(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return F.pixel_shuffle(y, 2), y.new_zeros(len(y))


class Split(Transform):
    """The second half of the channels goes to the latent as it is; the first half goes on through ``transforms``.

    Both ends in one flat latent, the far end of the flow first, so a multi-scale flow is one bijection.

    Args:
        shape: ``(C, H, W)`` with an even number of channels.
        transforms: factories for what the first half goes on through.

    Raises:
        ValueError: the number of channels is odd.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.6.
    """

    def __init__(self, shape: tuple[int, ...], *, transforms: Sequence[TransformFactory]) -> None:
        channels, height, width = shape
        if channels % 2:
            raise ValueError(f"Split needs an even number of channels, got shape {tuple(shape)}: squeeze first")
        super().__init__(shape, out_shape=(math.prod(shape),))
        self.half_shape = (channels // 2, height, width)
        self.rest = Chain(self.half_shape, transforms)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        staying, leaving = x.chunk(2, dim=1)
        z, log_det = self.rest(staying, context)
        return torch.cat([z.flatten(1), leaving.flatten(1)], dim=1), log_det

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, leaving = y.chunk(2, dim=1)
        staying, log_det = self.rest.inverse(z.unflatten(1, self.rest.out_shape), context)
        return torch.cat([staying, leaving.unflatten(1, self.half_shape)], dim=1), log_det
