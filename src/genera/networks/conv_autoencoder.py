"""The report's convolutional encoder and decoder for autoencoders and VAEs."""

from __future__ import annotations

from torch import Tensor, nn

from genera.core import check_positive


class ConvEncoder(nn.Module):
    """Four 3×3 convolutions, two of them with stride 2, GELU after each, and a linear layer.

    Args:
        shape: ``(C, H, W)`` of the input, at least 4×4 pixels.
        num_outputs: length of the vector for each image.
        width: channels at half the size; twice as many at a quarter.

    Raises:
        ValueError: the input is too small, or ``width`` is not positive.

    Source:
        The report, whose width is 16.
    """

    def __init__(self, shape: tuple[int, int, int], num_outputs: int, *, width: int = 16) -> None:
        super().__init__()
        check_positive(width=width)
        _, _, (h, w) = downsampled_sizes(shape)
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], width, kernel_size=3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1),
            nn.GELU(),
            nn.Conv2d(width, 2 * width, kernel_size=3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * width, 2 * width, kernel_size=3, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(2 * width * h * w, num_outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, num_outputs)``."""
        return self.layers(x)


class ConvDecoder(nn.Module):
    """A linear layer and four 3×3 transposed convolutions with GELU in between, doubling the size twice.

    It reverses the sizes of :class:`ConvEncoder` and raises the same errors. The last layer is linear; the likelihood
    defines what its values mean.

    Args:
        num_inputs: length of the vector for each image.
        shape: ``(C, H, W)`` of the output, at least 4×4 pixels.
        width: channels at half and full size; twice as many at a quarter.

    Source:
        The report, whose width is 16.
    """

    def __init__(self, num_inputs: int, shape: tuple[int, int, int], *, width: int = 16) -> None:
        super().__init__()
        check_positive(width=width)
        full, half, (h, w) = downsampled_sizes(shape)
        self.layers = nn.Sequential(
            nn.Linear(num_inputs, 2 * width * h * w),
            nn.Unflatten(1, (2 * width, h, w)),
            nn.ConvTranspose2d(2 * width, 2 * width, kernel_size=3, padding=1),
            nn.GELU(),
            nn.Upsample(half),
            nn.ConvTranspose2d(2 * width, width, kernel_size=3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(width, width, kernel_size=3, padding=1),
            nn.GELU(),
            nn.Upsample(full),
            nn.ConvTranspose2d(width, shape[0], kernel_size=3, padding=1),
        )

    def forward(self, z: Tensor) -> Tensor:
        """``(B, num_inputs) -> (B, C, H, W)``."""
        return self.layers(z)


def downsampled_sizes(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Height and width of an image ``(C, H, W)``, and those after one and two 3×3 convolutions with stride 2.

    Raises:
        ValueError: the image is smaller than 4×4 pixels.
    """
    _, height, width = shape
    if min(height, width) < 4:
        raise ValueError(f"images must be at least 4 pixels high and wide, got {height}×{width}")
    # With a padding of 1, halves of odd sizes are rounded up.
    return [(-(-height // factor), -(-width // factor)) for factor in (1, 2, 4)]
