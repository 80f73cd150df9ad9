"""Dequantization: integer pixels become real numbers a density can be put on."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genera.core.contracts import Dequantizer


class UniformDequantizer(Dequantizer):
    """Adds uniform noise to every pixel: ``y = (x + u) / levels``, ``u ~ U[0, 1)``.

    The noise has density one, so ``log_weight`` is the change of volume alone, ``-D log(levels)``.

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
        noise = torch.rand(images.shape, generator=generator, device=images.device)
        # Within a few ulp of an edge of its bin, rounding would carry a value over into the next one.
        margin = 2 * self.spec.levels * torch.finfo(noise.dtype).eps
        noise = noise.clamp(margin, 1 - margin)
        log_weight = noise.new_full((len(images),), -self.spec.num_dims * math.log(self.spec.levels))
        return (images + noise) / self.spec.levels, log_weight

    def center(self, images: Tensor) -> Tensor:
        return (images + 0.5) / self.spec.levels
