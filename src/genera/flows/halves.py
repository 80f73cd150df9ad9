"""The two halves of the values of an image: one that a coupling keeps, and one that it transforms."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MaskedHalves(nn.Module):
    """Halves of any shape; what is computed for the kept half is discarded.

    Args:
        mask: bool ``(C, H, W)``, True for the values that are kept.
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        # A mask may be an expanded view, into which nothing can be copied.
        self.register_buffer("mask", mask.clone().to(torch.get_default_device()), persistent=False)
        #: Number of channels of the network's input, and of the values to transform.
        self.num_inputs = self.num_transformed = len(mask)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The input of the network, the kept values and those to transform, each of all channels."""
        return x * self.mask, x, x

    def join(self, kept: Tensor, transformed: Tensor) -> Tensor:
        """The inverse of :meth:`split`."""
        return transformed.where(~self.mask, kept)

    def of_transformed(self, values: Tensor) -> Tensor:
        """Zeros in place of what was computed for the kept values."""
        return values.masked_fill(self.mask, 0)


class ChannelHalves(nn.Module):
    """Halves of whole channels, at half the cost: nothing is computed for the kept half.

    Args:
        mask: bool ``(C, H, W)``, True for the values that are kept.

    Raises:
        ValueError: the mask does not consist of whole channels, or selects none or all.
    """

    kept: Tensor
    transformed: Tensor
    order: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        values = mask.flatten(1)
        channels = values[:, 0]
        if not torch.equal(values, channels[:, None].expand_as(values)) or channels.all() or not channels.any():
            raise ValueError(
                "whole_channels needs a mask of whole channels that selects some and not all of them, which this one "
                f"does not at shape {tuple(mask.shape)}: omit whole_channels, or squeeze first"
            )
        kept, transformed = channels.nonzero().squeeze(1), (~channels).nonzero().squeeze(1)
        device = torch.get_default_device()
        self.register_buffer("kept", kept.to(device), persistent=False)
        self.register_buffer("transformed", transformed.to(device), persistent=False)
        # Position of each channel after concatenating the kept and the transformed channels.
        self.register_buffer("order", torch.cat([kept, transformed]).argsort().to(device), persistent=False)
        self.num_inputs, self.num_transformed = len(kept), len(transformed)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The input of the network, the kept channels and those to transform; the first two are the same."""
        kept = x.index_select(1, self.kept)
        return kept, kept, x.index_select(1, self.transformed)

    def join(self, kept: Tensor, transformed: Tensor) -> Tensor:
        """The inverse of :meth:`split`."""
        return torch.cat([kept, transformed], dim=1).index_select(1, self.order)

    def of_transformed(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values
