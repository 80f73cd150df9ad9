"""The gated convolutional network, the conditioner of the report's couplings.

Besides its convolutions, half of its time goes to element-wise arithmetic. ``concat_elu`` and ``gate`` therefore have
hand-written gradients: they save only tensors that the next convolution keeps anyway, compute one exponential in place
of two, and create no intermediate tensors for autograd. They support neither second derivatives nor ``torch.func``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from genera.core import check_not_negative, check_positive, first_order_only
from genera.networks.layers import ChannelLayerNorm


def concat_elu(x: Tensor) -> Tensor:
    """``elu`` of ``x`` and of ``-x``, concatenated, so that the gradient vanishes on neither half of the range.

    Args:
        x: ``(B, C, H, W)``.

    Returns:
        ``(B, 2C, H, W)``.

    Source:
        Shang et al. (2016); van den Oord et al. (2016).
    """
    return _ConcatElu.apply(x)


def gate(x: Tensor, h: Tensor) -> Tensor:
    """``x + tanh(a) · sigmoid(b)`` with a and b the halves of the channels of ``h``.

    Args:
        x: ``(B, C, H, W)``.
        h: ``(B, 2C, H, W)``.

    Source:
        Van den Oord et al. (2016), the gate of PixelCNN, as a residual.
    """
    return _Gate.apply(x, h)


class _ConcatElu(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        # elu(z) = max(z, exp(-|z|) - 1) for both signs of z, so one exponential serves both halves.
        low = x.abs().neg_()
        # In float32 exp is twice as fast as expm1, and its error of 1e-7 is negligible next to values of about 1.
        low = low.exp_().sub_(1) if _has_full_precision(x) else low.expm1_()
        y = _empty_with_twice_the_channels(x)
        plus, minus = y.chunk(2, dim=1)
        torch.maximum(x, low, out=plus)
        torch.maximum(torch.neg(x, out=minus), low, out=minus)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @first_order_only
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        # elu'(z) = 1 for z > 0 and exp(z) = elu(z) + 1 otherwise
        plus, minus = y.clamp(max=0).add_(1).mul_(grad).chunk(2, dim=1)
        return plus - minus


class _Gate(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor) -> Tensor:
        a, b = h.chunk(2, dim=1)
        # tanh(a) = 2 sigmoid(2a) - 1, which is three times as fast, but too inaccurate in half precision.
        t = (2 * a).sigmoid_().mul_(2).sub_(1) if _has_full_precision(a) else a.tanh()
        s = b.sigmoid()
        ctx.save_for_backward(t, s)
        return torch.addcmul(x, t, s)

    @staticmethod
    @first_order_only
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        t, s = ctx.saved_tensors
        grad_h = _empty_with_twice_the_channels(t)
        grad_a, grad_b = grad_h.chunk(2, dim=1)
        # tanh' = 1 - tanh², sigmoid' = sigmoid (1 - sigmoid)
        grad_s = grad * s
        grad_ts = grad_s * t
        torch.addcmul(grad_s, grad_ts, t, value=-1, out=grad_a)
        torch.addcmul(grad_ts, grad_ts, s, value=-1, out=grad_b)
        return grad, grad_h


def _empty_with_twice_the_channels(x: Tensor) -> Tensor:
    """An uninitialized tensor with twice the channels of ``x``, in the same memory format."""
    channels_last = x.is_contiguous(memory_format=torch.channels_last)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    shape = (len(x), 2 * x.shape[1], *x.shape[2:])
    return torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=memory_format)


def _has_full_precision(x: Tensor) -> bool:
    return x.dtype.itemsize >= 4


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
        return gate(x, self.gate(concat_elu(self.conv(concat_elu(x)))))


class GatedConvNet(nn.Module):
    """3×3 convolution, gated residual blocks, 3×3 convolution initialized to zero.

    The zero initialization makes an affine or spline coupling start as the identity.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        width: channels of the hidden layers.
        num_blocks: gated residual blocks, each followed by a layer normalization of the channels.

    Raises:
        ValueError: ``width`` is not positive, or ``num_blocks`` is negative.

    Source:
        PixelCNN++ (Salimans et al. 2017) and the report, which follows it.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 32, num_blocks: int = 3) -> None:
        super().__init__()
        check_positive(width=width)
        check_not_negative(num_blocks=num_blocks)
        self.first = nn.Conv2d(in_channels, width, kernel_size=3, padding=1)
        blocks = [nn.Sequential(GatedResidual(width), ChannelLayerNorm(width)) for _ in range(num_blocks)]
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(2 * width, out_channels, kernel_size=3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # a convolution without `bias=False` has one

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W) -> (B, out_channels, H, W)``."""
        return self.last(concat_elu(self.blocks(self.first(x))))
