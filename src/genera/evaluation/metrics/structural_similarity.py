"""Structural similarity of reconstructions."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.image import structural_similarity_index_measure

from genera.evaluation.metrics.inputs import concatenate

#: Height and width of the window.
WINDOW = 7


class StructuralSimilarity(Metric):
    """Mean SSIM of reconstructions and their images; 1 if they are equal.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Wang et al. (2004), here with a uniform window of 7 around every pixel, edges reflected.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``, at least 7 pixels high and wide.

        Raises:
            ValueError: the images are smaller than the window.
        """
        check_fits_window(images)
        self.per_image.append(structural_similarity(images, reconstructions, levels=self.levels).double())

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.values().mean()

    def values(self) -> Tensor:
        """``(N,)`` similarities, one per image."""
        return concatenate(self.per_image)


def check_fits_window(images: Tensor) -> None:
    """Check that images are at least as large as the window.

    Raises:
        ValueError: they are smaller.
    """
    if min(images.shape[2:]) < WINDOW:
        raise ValueError(f"SSIM needs images of at least {WINDOW} pixels, got {tuple(images.shape[2:])}")


def structural_similarity(first: Tensor, second: Tensor, *, levels: int) -> Tensor:
    """SSIM of each pair of images, uint8 ``(B, C, H, W)`` each, to ``(B,)``."""
    x, y = (images.float() / (levels - 1) for images in (first, second))
    similarity = structural_similarity_index_measure(
        x, y, gaussian_kernel=False, kernel_size=WINDOW, data_range=1.0, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity
