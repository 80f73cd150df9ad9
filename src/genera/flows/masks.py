"""Masks: which half of an image a coupling leaves as it is, and reads.

A mask is a function of the shape, so that one recipe serves every image size. ``odd`` exchanges the halves.
"""

from __future__ import annotations

import torch
from torch import Tensor


def checkerboard(shape: tuple[int, ...], odd: bool = False) -> Tensor:
    """Every second pixel, in all channels.

    Args:
        shape: ``(C, H, W)``.
        odd: the other half.

    Returns:
        bool ``(C, H, W)``: True where the coupling leaves the value as it is.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """
    channels, height, width = shape
    rows = torch.arange(height)[:, None]
    columns = torch.arange(width)[None, :]
    return ((rows + columns + odd) % 2 == 0).expand(channels, height, width)


def channel_halves(shape: tuple[int, ...], odd: bool = False) -> Tensor:
    """The first half of the channels, whole.

    Args:
        shape: ``(C, H, W)`` with at least two channels.
        odd: the other half.

    Returns:
        bool ``(C, H, W)``: True where the coupling leaves the value as it is.

    Raises:
        ValueError: one channel cannot be halved.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """
    channels, height, width = shape
    if channels < 2:
        raise ValueError(f"channel_halves needs at least 2 channels, got shape {tuple(shape)}: squeeze first")
    first_half = torch.arange(channels) < channels // 2
    return (first_half != odd)[:, None, None].expand(channels, height, width)


def squeezed_checkerboard(shape: tuple[int, ...], odd: bool = False) -> Tensor:
    """A checkerboard of the pixels that :class:`~genera.flows.Squeeze` made channels of: of each 2×2 block a diagonal.

    On the squeezed image it is whole channels, so that a :class:`~genera.flows.ChannelCoupling` may have it: for the
    same scales and shifts the same transform as a coupling by :func:`checkerboard` before squeezing.

    Args:
        shape: ``(4C, H, W)``, squeezed.
        odd: the other half.

    Returns:
        bool ``(4C, H, W)``: True where the coupling leaves the value as it is.

    Raises:
        ValueError: the number of channels is no multiple of four.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), sections 3.4 and 3.6.
    """
    channels, height, width = shape
    if channels % 4:
        raise ValueError(
            f"squeezed_checkerboard needs a multiple of 4 channels, got shape {tuple(shape)}: squeeze first"
        )
    channel = torch.arange(channels)
    row, column = channel // 2 % 2, channel % 2
    return ((row + column + odd) % 2 == 0)[:, None, None].expand(channels, height, width)
