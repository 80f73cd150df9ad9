"""Metrics of the pixels of images, and of reconstructions and their images."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from genera.evaluation.metrics.base import PerImageMetric, concatenate

#: Lower limit of the mean squared error on [0, 1]: half a level of 256 in one of 50,000 pixels.
_MIN_ERROR = 1e-10
#: Height and width of the window of SSIM.
WINDOW = 7
#: Pairs of images compared at a time.
_CHUNK_SIZE = 500


class SquaredError(PerImageMetric):
    """Mean of the squared difference of pixels on [0, 1]; lower is better.

    Args:
        levels: number of pixel values; the highest is 1.
    """

    higher_is_better = False

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``."""
        self.per_image.append(_squared_errors(images, reconstructions, levels=self.levels))


class PeakSignalToNoise(PerImageMetric):
    """Mean over images of ``10 log_10 (peak² / squared error)``, in decibels; higher is better, 100 if they are equal.

    Args:
        levels: number of pixel values; the highest is the peak.
    """

    higher_is_better = True

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``."""
        errors = _squared_errors(images, reconstructions, levels=self.levels)
        self.per_image.append(-10 * errors.clamp_min(_MIN_ERROR).log10())


class StructuralSimilarity(PerImageMetric):
    """Mean SSIM of reconstructions and their images; 1 if they are equal.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Wang et al. (2004), here with a uniform window of 7 around every pixel, edges reflected.
    """

    higher_is_better = True

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def update(self, images: Tensor, reconstructions: Tensor) -> None:
        """Add images and their reconstructions, both uint8 ``(B, C, H, W)``, at least 7 pixels high and wide.

        Raises:
            ValueError: the images are smaller than the window.
        """
        _check_fits_window(images)
        self.per_image.append(_structural_similarity(images, reconstructions, levels=self.levels).double())


class Dissimilarity(PerImageMetric):
    """Diversity of images: the mean of ``1 - SSIM`` over pairs of them; 0 if all images are equal.

    The number of random pairs equals the number of images, and each image is in two pairs. The images may be sorted,
    such as by class. SSIM is that of :class:`StructuralSimilarity`.

    Args:
        levels: number of pixel values; the highest is 1.
    """

    higher_is_better = True

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def update(self, images: Tensor) -> None:
        """Add uint8 ``(B, C, H, W)``, at least 7 pixels high and wide.

        Raises:
            ValueError: the images are smaller than the window.
        """
        _check_fits_window(images)
        self.per_image.append(images)

    def values(self) -> Tensor:
        """``(N,)`` dissimilarities, one per pair.

        Raises:
            ValueError: fewer than two images were added.
        """
        images = concatenate(self.per_image, minimum=2)
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        pairs = zip(order.split(_CHUNK_SIZE), order.roll(1).split(_CHUNK_SIZE), strict=True)
        similarities = [_structural_similarity(images[i], images[j], levels=self.levels) for i, j in pairs]
        return 1 - torch.cat(similarities)


class Sharpness(PerImageMetric):
    """Mean variance of an image's Laplacian: large where neighbouring pixels differ, both at edges and in noise.

    Only meaningful relative to the value for real images.

    Args:
        levels: number of pixel values; the highest is 1.

    Source:
        Pech-Pacheco et al. (2000), with the Laplacian of four neighbours, without padding.
    """

    higher_is_better = None

    def __init__(self, levels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = levels

    def update(self, images: Tensor) -> None:
        """Add uint8 ``(B, C, H, W)``, at least 3 pixels high and wide.

        Raises:
            ValueError: the images are smaller.
        """
        if min(images.shape[2:]) < 3:
            raise ValueError(f"a Laplacian needs images of at least 3 pixels, got {tuple(images.shape[2:])}")
        x = images.float().mean(dim=1, keepdim=True) / (self.levels - 1)
        laplacian = x.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
        self.per_image.append(F.conv2d(x, laplacian).flatten(1).var(dim=1, correction=0).double())


def _squared_errors(images: Tensor, reconstructions: Tensor, *, levels: int) -> Tensor:
    """Mean squared difference of the pixels of each pair on [0, 1], float64 ``(B,)``."""
    return ((images.double() - reconstructions.double()) / (levels - 1)).square().flatten(1).mean(dim=1)


def _check_fits_window(images: Tensor) -> None:
    """Check that images are at least as large as the window of SSIM.

    Raises:
        ValueError: they are smaller.
    """
    if min(images.shape[2:]) < WINDOW:
        raise ValueError(f"SSIM needs images of at least {WINDOW} pixels, got {tuple(images.shape[2:])}")


def _structural_similarity(first: Tensor, second: Tensor, *, levels: int) -> Tensor:
    """SSIM of each pair of images, uint8 ``(B, C, H, W)`` each, to ``(B,)``."""
    x, y = (images.float() / (levels - 1) for images in (first, second))
    similarity = structural_similarity_index_measure(
        x, y, gaussian_kernel=False, kernel_size=WINDOW, data_range=1.0, reduction="none"
    )
    assert isinstance(similarity, Tensor)
    return similarity
