"""Sharpness of images."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images, concatenate


class Sharpness(Metric):
    """Mean variance of an image's Laplacian: large where neighbouring pixels differ, both at edges and in noise.

    Only meaningful relative to the value for real images.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Pech-Pacheco et al. (2000), with the Laplacian of four neighbours, without padding.
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Add uint8 ``(B, C, H, W)``, at least 3 pixels high and wide.

        Raises:
            ValueError: the images are smaller.
        """
        if min(images.shape[2:]) < 3:
            raise ValueError(f"a Laplacian needs images of at least 3 pixels, got {tuple(images.shape[2:])}")
        x = images.float().mean(dim=1, keepdim=True) / (self.levels - 1)
        laplacian = x.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
        self.per_image.append(F.conv2d(x, laplacian).flatten(1).var(dim=1, correction=0))

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: no images were added.
        """
        values = concatenate(self.per_image)
        check_min_images(1, len(values))
        return values.double().mean()
