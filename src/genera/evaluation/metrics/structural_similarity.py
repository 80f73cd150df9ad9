"""Structural similarity of reconstructions and their images, and of samples."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

#: Height and width of the window.
WINDOW = 7
#: Pairs of images compared at a time.
_CHUNK_SIZE = 500


def structural_similarity(images: Tensor, others: Tensor, *, levels: int) -> Tensor:
    """SSIM of each pair of images, float64 ``(N,)``; 1 if they are equal.

    Args:
        images: uint8 ``(N, C, H, W)``, at least 7 pixels high and wide.
        others: such as reconstructions, uint8 ``(N, C, H, W)``.
        levels: number of pixel values; the highest is 1.

    Raises:
        ValueError: the images are smaller than the window.

    Source:
        Wang et al. (2004), here with a uniform window of 7 around every pixel, edges reflected.
    """
    if min(images.shape[2:]) < WINDOW:
        raise ValueError(f"SSIM needs images of at least {WINDOW} pixels, got {tuple(images.shape[2:])}")
    x, y = (pixels.float() / (levels - 1) for pixels in (images, others))
    similarity = structural_similarity_index_measure(
        x, y, gaussian_kernel=False, kernel_size=WINDOW, data_range=1.0, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity.double()


def dissimilarity(images: Tensor, *, levels: int) -> Tensor:
    """Diversity of images: the mean of ``1 - SSIM`` over pairs of them; 0 if all images are equal.

    The number of random pairs equals the number of images, and each image is in two pairs. The images may be sorted,
    such as by class. float64 ``()``.

    Args:
        images: uint8 ``(N, C, H, W)``, at least 7 pixels high and wide.
        levels: number of pixel values; the highest is 1.

    Raises:
        ValueError: there are fewer than two images, or they are smaller than the window of SSIM.
    """
    if len(images) < 2:
        raise ValueError(f"this metric needs at least 2 images, got {len(images)}")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    pairs = zip(order.split(_CHUNK_SIZE), order.roll(1).split(_CHUNK_SIZE), strict=True)
    return 1 - torch.cat([structural_similarity(images[i], images[j], levels=levels) for i, j in pairs]).mean()
