"""Diversity of images, by structural similarity."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images, concatenate
from genera.evaluation.metrics.structural_similarity import check_fits_window, structural_similarity

#: Pairs compared at a time.
_CHUNK_SIZE = 500


class Dissimilarity(Metric):
    """Mean of ``1 - SSIM`` over pairs of images; 0 if all images are equal.

    The number of random pairs equals the number of images, and each image is in two pairs. The images may be sorted,
    such as by class.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Wang et al. (2004) for SSIM, here with a uniform window of 7 around every pixel, edges reflected.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    images: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("images", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Add uint8 ``(B, C, H, W)``, at least 7 pixels high and wide.

        Raises:
            ValueError: the images are smaller than the window.
        """
        check_fits_window(images)
        self.images.append(images)

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: fewer than two images were added.
        """
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` dissimilarities, one per pair.

        Raises:
            ValueError: fewer than two images were added.
        """
        images = concatenate(self.images)
        check_min_images(2, len(images))
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        pairs = zip(order.split(_CHUNK_SIZE), order.roll(1).split(_CHUNK_SIZE), strict=True)
        similarities = [structural_similarity(images[i], images[j], levels=self.levels) for i, j in pairs]
        return 1 - torch.cat(similarities)
