"""Features of an untrained network, to compare images of data sets without classes."""

from __future__ import annotations

import hashlib

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genera.core import ImageSpec, check_seed, noise_from
from genera.evaluation.extractors.base import Extractor

#: Output channels of each convolution; each halves the size.
_WIDTHS = (32, 64, 128)
#: Features are means over a grid of this many rows and columns.
_PARTS = 2


class RandomFeatures(nn.Module, Extractor):
    """A small convolutional network with fixed random weights, the same for all images of a shape.

    Its features describe edges and textures and their approximate position, not the content of an image.

    Args:
        spec: the images.
        seed: of the weights.

    Source:
        Naeem et al. (2020), section 3.3, who use random features for data unlike those of trained networks.
    """

    name = "random"

    def __init__(self, spec: ImageSpec, *, seed: int = 0) -> None:
        super().__init__()
        self.spec = spec
        check_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        channels = (spec.channels, *_WIDTHS)
        with noise_from(torch.Generator()):
            convolutions = [
                nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1)
                for before, after in zip(channels, _WIDTHS, strict=False)
            ]
        for convolution in convolutions:
            assert convolution.bias is not None
            # Keeps the scale of activations through every ReLU (He et al. 2015).
            fan_in = convolution.weight[0].numel()
            convolution.weight.data = torch.randn(convolution.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            convolution.bias.data = 0.1 * torch.randn(convolution.bias.shape, generator=generator)
        self.layers = nn.Sequential(*[layer for convolution in convolutions for layer in (convolution, nn.ReLU())])
        self.requires_grad_(False)

    @property
    def digest(self) -> str:
        """SHA-256 of the weights, in hex."""
        values = b"".join(value.cpu().numpy().tobytes() for value in self.state_dict().values())
        return hashlib.sha256(values).hexdigest()

    def forward(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to ``(B, 512)``."""
        h = self.layers(self.spec.to_symmetric_range(images, torch.get_default_dtype()))
        return F.adaptive_avg_pool2d(h, _PARTS).flatten(1)
