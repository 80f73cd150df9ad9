"""How different images are from each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.utilities import dim_zero_cat

#: Side of the window of SSIM.
WINDOW = 7


class Dissimilarity(Metric):
    """Mean of ``1 - SSIM`` over pairs of images; 0 where all are the same.

    Images are paired in the order in which they come, first with second, third with fourth: draws of a model are
    pairs of independent ones then.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Wang et al. (2004) for SSIM, here with a uniform window of 7 around every pixel, edges reflected.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    per_pair: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("per_pair", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor) -> None:
        """Take in uint8 ``(B, C, H, W)``, at least 7 pixels high and wide; a last one without a partner is left out.

        Raises:
            ValueError: the images are smaller than the window.
        """
        if min(images.shape[2:]) < WINDOW:
            raise ValueError(f"SSIM needs images of at least {WINDOW} pixels, got {tuple(images.shape[2:])}")
        pairs = len(images) // 2
        if pairs == 0:
            return
        x = images[: 2 * pairs].float() / (self.levels - 1)
        similarity = structural_similarity_index_measure(
            x[::2], x[1::2], gaussian_kernel=False, kernel_size=WINDOW, data_range=1.0, reduction="none"
        )
        assert isinstance(similarity, Tensor)
        self.per_pair.append(1 - similarity)

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` dissimilarities, one per pair seen."""
        return dim_zero_cat(self.per_pair) if self.per_pair else torch.zeros(0)
