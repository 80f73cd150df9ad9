"""Squared error and peak signal-to-noise ratio of reconstructions."""

from __future__ import annotations

from torch import Tensor

#: Lower limit of the mean squared error on [0, 1]: half a level of 256 in one of 50,000 pixels.
_MIN_ERROR = 1e-10


def squared_error(images: Tensor, reconstructions: Tensor, *, levels: int) -> Tensor:
    """Mean squared difference of the pixels of each image and its reconstruction; lower is better.

    Args:
        images: uint8 ``(N, C, H, W)``.
        reconstructions: uint8 ``(N, C, H, W)``.
        levels: number of pixel values; they become values on [0, 1].

    Returns:
        float64 ``(N,)``.
    """
    return ((images.double() - reconstructions.double()) / (levels - 1)).square().flatten(1).mean(dim=1)


def peak_signal_to_noise(images: Tensor, reconstructions: Tensor, *, levels: int) -> Tensor:
    """``10 log_10 (peak² / squared error)`` with the arguments of :func:`squared_error`; higher is better.

    Returns:
        Decibels, float64 ``(N,)``; 100 if image and reconstruction are equal.
    """
    return -10 * squared_error(images, reconstructions, levels=levels).clamp_min(_MIN_ERROR).log10()
