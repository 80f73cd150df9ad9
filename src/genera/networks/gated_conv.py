"""The gated convolutional network that conditions the report's couplings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def concat_elu(x: Tensor) -> Tensor:
    """``elu`` of ``x`` and of ``-x`` side by side, so that no half of the range loses its gradient.

    Args:
        x: ``(B, C, H, W)``.

    Returns:
        ``(B, 2C, H, W)``.

    Source:
        Shang et al. (2016); van den Oord et al. (2016).
    """
    return F.elu(torch.cat([x, -x], dim=1))


class ChannelLayerNorm(nn.Module):
    """Layer normalization over the channels of every pixel.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same."""
        # In channels-last memory the permutations are views, and torch's fused kernel does the rest.
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, (x.shape[-1],), self.weight, self.bias)
        return x.permute(0, 3, 1, 2)


class GatedResidual(nn.Module):
    """``x + tanh(a) · sigmoid(b)``, with (a, b) from two convolutions of ``x``.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, kernel_size=3, padding=1)
        self.gate = nn.Conv2d(2 * channels, 2 * channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same."""
        h = self.gate(concat_elu(self.conv(concat_elu(x))))
        a, b = h.chunk(2, dim=1)
        return x + torch.tanh(a) * torch.sigmoid(b)


class GatedConvNet(nn.Module):
    """3×3 convolution, gated residual blocks, 3×3 convolution that starts at zero.

    Starting at zero makes a coupling start as the identity.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        width: channels in between.
        num_blocks: gated residual blocks, each followed by a layer normalization of the channels.

    Source:
        PixelCNN++ (Salimans et al. 2017) and the report, which follows it.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 32, num_blocks: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        blocks = [nn.Sequential(GatedResidual(width), ChannelLayerNorm(width)) for _ in range(num_blocks)]
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(2 * width, out_channels, kernel_size=3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # a convolution made without `bias=False` has one

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W) -> (B, out_channels, H, W)``."""
        return self.last(concat_elu(self.blocks(self.first(x))))
