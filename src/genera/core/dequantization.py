"""Dequantization: integer pixels become real numbers, for which a density is defined."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genera.core.image_spec import ImageSpec


class Dequantizer(nn.Module, ABC):
    """Maps integer pixels to real numbers in [0, 1): the only stochastic step of a flow.

    For any density p on [0, 1)^D, ``E[log p(y) + log_weight]`` is a lower bound of the log-probability of the pixels.

    Args:
        spec: the images.
    """

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.spec = spec

    @abstractmethod
    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """uint8 ``(B, C, H, W)`` -> ``y`` in [0, 1) of that shape, and ``log_weight`` ``(B,)`` nats."""

    def center(self, images: Tensor) -> Tensor:
        """The same map without noise: each pixel at the center of its bin."""
        return self.place(images, torch.full_like(images, 0.5, dtype=torch.get_default_dtype()))[0]

    def place(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Place every pixel within its bin by ``noise`` in [0, 1]: ``y = (images + u) / levels``.

        Returns:
            ``y``, at least float32, and ``log |det dy/du|``, ``(B,)`` nats. The noise is scaled to stay slightly away
            from the edges of the bin.
        """
        noise = noise.to(torch.promote_types(noise.dtype, torch.float32))
        # Within a few ulp of the edge of a bin, rounding can move a value into the next bin. Clamping the noise instead
        # would put probability mass on one point, and a density with a spike there would gain from it.
        margin = 2 * self.spec.levels * torch.finfo(noise.dtype).eps
        y = (images + (margin + (1 - 2 * margin) * noise)) / self.spec.levels
        log_det = self.spec.num_dims * (math.log1p(-2 * margin) - math.log(self.spec.levels))
        return y, noise.new_full((len(images),), log_det)

    def quantize(self, y: Tensor) -> Tensor:
        """Real numbers back to uint8 pixels; exact for every ``y`` that ``forward`` returns."""
        return (y * self.spec.levels).floor().clamp(0, self.spec.levels - 1).to(torch.uint8)


class UniformDequantizer(Dequantizer):
    """Adds uniform noise to every pixel: ``y = (x + u) / levels``, ``u ~ U[0, 1)``.

    The noise has density 1, so ``log_weight`` is the change of volume alone: ``-D log(levels)``, up to the small margin
    that keeps the noise off the edges of the bins.

    Example:
        >>> import torch
        >>> from genera.core import ImageSpec, UniformDequantizer
        >>> dequantizer = UniformDequantizer(ImageSpec(1, 2, 2, levels=4))
        >>> images = torch.tensor([[[[0, 1], [2, 3]]]], dtype=torch.uint8)
        >>> y, log_weight = dequantizer(images)
        >>> torch.equal(dequantizer.quantize(y), images)
        True

    Source:
        Theis, van den Oord & Bethge (2016), section 3.1.
    """

    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        return self.place(images, torch.rand(images.shape, generator=generator, device=images.device))
