"""Dequantization: integer pixels become real numbers, for which a density is defined."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core.contracts import Dequantizer


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
