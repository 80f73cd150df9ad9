"""How different images are from each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least, gathered
from genera.evaluation.metrics.structural_similarity import check_fills_window, structural_similarity

#: Pairs compared at a time.
_AT_ONCE = 500


class Dissimilarity(Metric):
    """Mean of ``1 - SSIM`` over pairs of images; 0 where all are the same.

    As many pairs as there are images are taken at random, each image being in two of them, in whatever order the images
    come: those of a class may follow each other.

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
        """Take in uint8 ``(B, C, H, W)``, at least 7 pixels high and wide.

        Raises:
            ValueError: the images are smaller than the window.
        """
        check_fills_window(images)
        self.images.append(images)

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: there were fewer than two images.
        """
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` dissimilarities, one per pair.

        Raises:
            ValueError: there were fewer than two images.
        """
        images = gathered(self.images)
        check_at_least(2, len(images))
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        pairs = zip(order.split(_AT_ONCE), order.roll(1).split(_AT_ONCE), strict=True)
        similarities = [structural_similarity(images[one], images[other], levels=self.levels) for one, other in pairs]
        return 1 - torch.cat(similarities)
