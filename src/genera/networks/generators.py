"""The report's generators: latents and optional labels to images.

Labels are one-hot ``(B, num_classes)`` and are concatenated to the latent. Neither network has noise of its own. Their
outputs are unbounded; the model maps them to the range of pixels.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from genera.core import check_positive
from genera.networks.label_input import LabelInput


class MlpGenerator(nn.Module):
    """Linear layers, each hidden one followed by LeakyReLU and batch normalization.

    Args:
        latent_size: D, length of the latent.
        shape: ``(C, H, W)`` of the output.
        num_classes: of the labels; 0 for no labels.
        widths: of the hidden layers.

    Raises:
        ValueError: a width is not positive.

    Source:
        The report, whose vanilla GAN has the widths given.
    """

    def __init__(
        self,
        latent_size: int,
        shape: tuple[int, int, int],
        num_classes: int = 0,
        *,
        widths: tuple[int, ...] = (128, 256, 512, 1024),
    ) -> None:
        super().__init__()
        self.label_input = LabelInput(num_classes, nn.Identity() if num_classes else None)
        layers: list[nn.Module] = []
        sizes = (latent_size + num_classes, *widths)
        for before, after in pairwise(sizes):
            check_positive(widths=after)
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2), nn.BatchNorm1d(after)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], math.prod(shape)), nn.Unflatten(1, shape))

    def forward(self, z: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Tensor:
        """``(B, D) -> (B, C, H, W)``."""
        return self.layers(self.label_input(z, labels))


class ConvGenerator(nn.Module):
    """A linear layer to a quarter of the size, then two transposed convolutions that each double it.

    Args:
        latent_size: D, length of the latent.
        shape: ``(C, H, W)`` of the output, H and W multiples of 4.
        num_classes: of the labels; 0 for no labels.
        width: channels at the full size; twice as many at half, four times as many at a quarter.

    Raises:
        ValueError: the height or the width is not a multiple of 4, or ``width`` is not positive.

    Source:
        The report, whose conditional GAN has width 64.
    """

    def __init__(self, latent_size: int, shape: tuple[int, int, int], num_classes: int = 0, *, width: int = 64) -> None:
        super().__init__()
        check_positive(width=width)
        channels, h, w = shape
        if h % 4 or w % 4:
            nearest = "×".join(str(4 * max(1, round(side / 4))) for side in (h, w))
            raise ValueError(
                f"ConvGenerator needs a height and width that are multiples of 4, such as {nearest}, got {h}×{w}: "
                "resize the images (a folder's with --data.size), or use MlpGenerator, which takes any size"
            )
        self.label_input = LabelInput(num_classes, nn.Identity() if num_classes else None)
        self.layers = nn.Sequential(
            nn.Linear(latent_size + num_classes, 4 * width * (h // 4) * (w // 4)),
            nn.ReLU(),
            nn.Unflatten(1, (4 * width, h // 4, w // 4)),
            # Batch normalization would cancel a bias before it.
            nn.ConvTranspose2d(4 * width, 2 * width, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, channels, kernel_size=3, padding=1),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Tensor:
        """``(B, D) -> (B, C, H, W)``."""
        return self.layers(self.label_input(z, labels))
