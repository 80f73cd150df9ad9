"""A small convolutional network for classification."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genera.networks.conv_autoencoder import downsampled_sizes
from genera.networks.layers import Dropout


class LeNet(nn.Module):
    """Three convolutions with two poolings, a hidden layer, whose outputs are the features, and a linear head.

    With batch normalization, ReLU and dropout, which the original did not have. At the defaults a 28×28 image costs
    6.5 million multiplications, and the weights for ten classes take 1.8 MB.

    Args:
        shape: ``(C, H, W)`` of the input, at least 4×4 pixels.
        num_outputs: length of the vector for each image, such as the number of classes.
        width: channels at half the size; twice as many at a quarter.
        num_features: F, length of the hidden layer.
        dropout: dropout probability before the hidden layer and before the head.

    Attributes:
        features: ``(B, C, H, W) -> (B, F)``, non-negative.
        head: ``(B, F) -> (B, num_outputs)``.

    Raises:
        ValueError: the input is too small, or ``dropout`` is not in [0, 1).

    Source:
        LeCun, Bottou, Bengio & Haffner (1998), section 2.B, for the alternation of convolution and subsampling.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        num_outputs: int,
        *,
        width: int = 32,
        num_features: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        _, _, (h, w) = downsampled_sizes(shape)
        self.features = nn.Sequential(
            # Pooling first leaves only a quarter of the values to normalize and rectify.
            nn.Conv2d(shape[0], width, kernel_size=5, padding=2, bias=False),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, kernel_size=3, padding=1, bias=False),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Flatten(),
            Dropout(dropout),
            nn.Linear(2 * width * h * w, num_features),
            nn.ReLU(),
        )
        self.head = nn.Sequential(Dropout(dropout), nn.Linear(num_features, num_outputs))

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """``(B, C, H, W) -> (B, num_outputs)``; ``generator`` is for the noise of the dropout."""
        for layer in (*self.features, *self.head):
            x = layer(x, generator=generator) if isinstance(layer, Dropout) else layer(x)
        return x
