"""Masks: the half of an image that a coupling leaves unchanged and conditions on.

A mask is a function of the shape ``(C, H, W)``, so that a recipe works for every image size. It returns bool
``(C, H, W)``: True where the coupling leaves the value unchanged. ``invert`` selects the other half.
"""

from __future__ import annotations

import torch
from torch import Tensor


def checkerboard(shape: tuple[int, ...], invert: bool = False) -> Tensor:
    """Every second pixel, in all channels.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """
    channels, height, width = shape
    rows = torch.arange(height)[:, None]
    columns = torch.arange(width)[None, :]
    return ((rows + columns + invert) % 2 == 0).expand(channels, height, width)


def channel_halves(shape: tuple[int, ...], invert: bool = False) -> Tensor:
    """The first half of the channels.

    Raises:
        ValueError: there is only one channel.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.4.
    """
    channels, height, width = shape
    if channels < 2:
        raise ValueError(f"channel_halves needs at least 2 channels, got shape {tuple(shape)}: squeeze first")
    first_half = torch.arange(channels) < channels // 2
    return (first_half != invert)[:, None, None].expand(channels, height, width)


def squeezed_checkerboard(shape: tuple[int, ...], invert: bool = False) -> Tensor:
    """The checkerboard of the original image on the channels of :class:`~genera.flows.Squeeze`: a diagonal per block.

    On the squeezed image the mask consists of whole channels, so a coupling of ``whole_channels`` can use it:
    with equal scales and shifts it is the same transform as a coupling by :func:`checkerboard` before squeezing.

    Raises:
        ValueError: the number of channels is not a multiple of four.

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
    return ((row + column + invert) % 2 == 0)[:, None, None].expand(channels, height, width)
