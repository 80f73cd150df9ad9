"""The sharpness of images."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def sharpness(images: Tensor, *, levels: int) -> Tensor:
    """Variance of each image's Laplacian, float64 ``(N,)``: large where neighbours differ, at edges and in noise.

    Only meaningful relative to the value for real images.

    Args:
        images: uint8 ``(N, C, H, W)``, at least 3 pixels high and wide.
        levels: number of pixel values; the highest is 1.

    Raises:
        ValueError: the images are smaller.

    Source:
        Pech-Pacheco et al. (2000), with the Laplacian of four neighbours, without padding.
    """
    if min(images.shape[2:]) < 3:
        raise ValueError(f"a Laplacian needs images of at least 3 pixels, got {tuple(images.shape[2:])}")
    x = images.float().mean(dim=1, keepdim=True) / (levels - 1)
    laplacian = x.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return F.conv2d(x, laplacian).flatten(1).var(dim=1, correction=0).double()
