"""A plain residual convolutional network, a baseline conditioner."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from genera.core import check_not_negative, check_positive
from genera.networks.layers import ChannelLayerNorm


class ResidualBlock(nn.Module):
    """``x + conv(relu(conv(relu(norm(x)))))``, both convolutions 3×3.

    Args:
        channels: C.

    Source:
        He et al. (2016), "Identity mappings in deep residual networks"; layer normalization replaces batch
        normalization, so that no image depends on the others.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = ChannelLayerNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same."""
        h = self.conv1(F.relu(self.norm(x)))
        return x + self.conv2(F.relu(h))


class ResidualConvNet(nn.Module):
    """3×3 convolution, residual blocks, 3×3 convolution initialized to zero.

    The zero initialization makes an affine or spline coupling start as the identity.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        width: channels of the hidden layers.
        num_blocks: residual blocks.

    Raises:
        ValueError: ``width`` is not positive, or ``num_blocks`` is negative.

    Source:
        He et al. (2016); Dinh, Sohl-Dickstein & Bengio (2017), who use residual networks as conditioners of couplings.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 32, num_blocks: int = 2) -> None:
        super().__init__()
        check_positive(width=width)
        check_not_negative(num_blocks=num_blocks)
        self.first = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(num_blocks)))
        self.last = nn.Conv2d(width, out_channels, kernel_size=3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # a convolution without `bias=False` has one

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W) -> (B, out_channels, H, W)``."""
        return self.last(F.relu(self.blocks(self.first(x))))
