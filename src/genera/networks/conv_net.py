"""A plain convolutional network, the fastest conditioner for flows."""

from __future__ import annotations

from torch import Tensor, nn

from genera.core import check_positive


class ConvNet(nn.Module):
    """3×3 convolutions with GELU after each, then a 1×1 convolution initialized to zero.

    The zero initialization makes an affine or spline coupling start as the identity. There are no skip connections or
    normalization layers: a few layers train without them, and normalization would cost a third of the speed on a CPU.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        width: channels of the hidden layers.
        depth: number of 3×3 convolutions.

    Raises:
        ValueError: ``width`` or ``depth`` is not positive.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        check_positive(width=width, depth=depth)
        layers: list[nn.Module] = []
        for index in range(depth):
            layers += [nn.Conv2d(width if index else in_channels, width, kernel_size=3, padding=1), nn.GELU()]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(width, out_channels, kernel_size=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # a convolution made without `bias=False` has one

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W) -> (B, out_channels, H, W)``."""
        return self.last(self.layers(x))
