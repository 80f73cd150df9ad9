"""The recipe ``realnvp_tutorial`` in plain PyTorch, as in the papers: float32, without fused operations.

Its results are those of the library, with the parameters in the same order; the tests compare the two.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 256
ALPHA = 1e-5
#: The distance of uniform noise from 0 and 1, which keeps its logit finite.
NOISE_MARGIN = 2**-24
#: The distance of a pixel from the edges of its bin, where rounding would change its level.
BIN_MARGIN = 2**-14


def concat_elu(x: Tensor) -> Tensor:
    """``(B, C, H, W)`` to ``(B, 2C, H, W)``."""
    return F.elu(torch.cat([x, -x], dim=1))


class LayerNorm(nn.Module):
    """Normalizes the channels of every pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=1, keepdim=True)
        var = x.var(dim=1, unbiased=False, keepdim=True)
        y = (x - mean) / torch.sqrt(var + 1e-5)
        return y * self.gamma + self.beta


class GatedConv(nn.Module):
    """``x + tanh(a) · sigmoid(b)``, with (a, b) from two convolutions of ``x``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2 * channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(2 * channels, 2 * channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(concat_elu(x))
        h = self.conv2(concat_elu(h))
        a, b = h.chunk(2, dim=1)
        return x + torch.tanh(a) * torch.sigmoid(b)


class GatedConvNet(nn.Module):
    """The network that computes the parameters of a coupling."""

    def __init__(self, in_channels: int, out_channels: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(in_channels, width, kernel_size=3, padding=1)]
        for _ in range(3):
            layers += [GatedConv(width), LayerNorm(width)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(2 * width, out_channels, kernel_size=3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(concat_elu(self.layers(x)))


class Coupling(nn.Module):
    """Affine coupling with a bounded scale: computed everywhere, then masked. Where the mask is 1 the input is kept."""

    def __init__(self, channels: int, width: int, mask: Tensor, context_channels: int = 0) -> None:
        super().__init__()
        self.log_bound = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.net = GatedConvNet(channels + context_channels, 2 * channels, width)
        self.register_buffer("mask", mask)

    def forward(self, z: Tensor, log_det: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = z * self.mask
        if context is not None:
            h = torch.cat([h, context], dim=1)
        s, t = self.net(h).chunk(2, dim=1)
        bound = torch.exp(self.log_bound)
        s = torch.tanh(s / bound) * bound
        s = s * (1 - self.mask)
        t = t * (1 - self.mask)
        z = (z + t) * torch.exp(s)
        return z, log_det + s.sum(dim=[1, 2, 3])


def checkerboard(size: int, index: int) -> Tensor:
    """``(1, 1, size, size)``; consecutive indices have opposite masks."""
    rows, columns = torch.arange(size)[:, None], torch.arange(size)[None, :]
    return ((rows + columns + index) % 2 == 0).float()[None, None]


def channel_halves(channels: int, index: int) -> Tensor:
    """``(1, channels, 1, 1)``; consecutive indices have opposite masks."""
    first_half = (torch.arange(channels) < channels // 2).float()
    return (first_half if index % 2 == 0 else 1 - first_half)[None, :, None, None]


def squeeze(z: Tensor) -> Tensor:
    """``(B, C, H, W)`` to ``(B, 4C, H/2, W/2)``."""
    batch, channels, height, width = z.shape
    z = z.reshape(batch, channels, height // 2, 2, width // 2, 2)
    z = z.permute(0, 1, 3, 5, 2, 4)
    return z.reshape(batch, 4 * channels, height // 2, width // 2)


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """``(B, C, H, W)`` to ``(B,)``."""
    return (-0.5 * z**2 - 0.5 * math.log(2 * math.pi)).sum(dim=[1, 2, 3])


class RealNVP(nn.Module):
    """The multi-scale flow of the tutorial, on uint8 images ``(B, 1, 28, 28)``."""

    def __init__(self) -> None:
        super().__init__()
        self.dequantization = nn.ModuleList(
            [Coupling(1, 16, checkerboard(28, index), context_channels=1) for index in range(4)]
        )
        self.scale1 = nn.ModuleList([Coupling(1, 32, checkerboard(28, index)) for index in range(2)])
        self.scale2 = nn.ModuleList([Coupling(4, 48, channel_halves(4, index)) for index in range(2)])
        self.scale3 = nn.ModuleList([Coupling(8, 64, channel_halves(8, index)) for index in range(4)])

    def dequantize(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images in [0, 1], and the log-determinant of the transforms of the noise, ``-log q(u | x)``."""
        x = x.float()
        context = x / (LEVELS - 1) * 2 - 1
        # uniform noise -> logit -> couplings -> sigmoid
        u = torch.rand(x.shape).clamp(NOISE_MARGIN, 1 - NOISE_MARGIN)
        z = torch.log(u) - torch.log(1 - u)
        log_det = (-torch.log(u) - torch.log(1 - u)).sum(dim=[1, 2, 3])
        for coupling in self.dequantization:
            z, log_det = coupling(z, log_det, context)
        log_det = log_det + (-F.softplus(z) - F.softplus(-z)).sum(dim=[1, 2, 3])
        u = BIN_MARGIN + (1 - 2 * BIN_MARGIN) * torch.sigmoid(z)
        return (x + u) / LEVELS, log_det + math.log((1 - 2 * BIN_MARGIN) / LEVELS) * x[0].numel()

    def forward(self, x: Tensor) -> Tensor:
        """Negative log-likelihood, ``(B,)`` nats."""
        z, log_det = self.dequantize(x)
        z = ALPHA / 2 + (1 - ALPHA) * z
        log_det = log_det + (math.log(1 - ALPHA) - torch.log(z) - torch.log(1 - z)).sum(dim=[1, 2, 3])
        z = torch.log(z) - torch.log(1 - z)
        for coupling in self.scale1:
            z, log_det = coupling(z, log_det)
        z = squeeze(z)
        for coupling in self.scale2:
            z, log_det = coupling(z, log_det)
        z, leaving = z.chunk(2, dim=1)
        z = squeeze(z)
        for coupling in self.scale3:
            z, log_det = coupling(z, log_det)
        return -(standard_normal_log_prob(z) + standard_normal_log_prob(leaving) + log_det)
