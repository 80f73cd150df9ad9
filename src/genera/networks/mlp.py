"""The multilayer perceptron, a conditioner for flows over vectors."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from genera.core import check_positive


class Mlp(nn.Module):
    """Linear layers over the channels of every pixel, GELU in between; the last starts at zero.

    Starting at zero makes an affine or spline coupling start as the identity. A vector is an image of one pixel.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        width: channels of a hidden layer.
        num_layers: hidden layers.

    Raises:
        ValueError: ``width`` is not positive.

    Source:
        Dinh, Krueger & Bengio (2015) condition their couplings with perceptrons.
    """

    def __init__(self, in_channels: int, out_channels: int, *, width: int = 128, num_layers: int = 2) -> None:
        super().__init__()
        check_positive(width=width)
        widths = [in_channels] + num_layers * [width]
        hidden = [layer for sizes in pairwise(widths) for layer in (nn.Linear(*sizes), nn.GELU())]
        self.hidden = nn.Sequential(*hidden)
        self.last = nn.Linear(widths[-1], out_channels)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, in_channels, H, W) -> (B, out_channels, H, W)``."""
        # For a single pixel, linear layers are twice as fast as 1×1 convolutions.
        return self.last(self.hidden(x.movedim(1, -1))).movedim(-1, 1)
