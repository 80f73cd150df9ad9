"""Shape and value range of the images of a data set."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from genera.core.checks import check_positive

#: Largest number of values of an image, e.g. of 2,364×2,364 pixels in colour. The models are made for some thousands.
MAX_DIMS = 2**24
#: Largest number of classes.
MAX_CLASSES = 100_000


def rescale_levels(pixels: Tensor, levels: int, *, to: int = 256) -> Tensor:
    """uint8 pixels with ``levels`` values to the nearest of ``to`` values; the lowest and the highest stay so."""
    return (pixels.float() * ((to - 1) / (levels - 1))).round().clamp(max=to - 1).to(torch.uint8)


@dataclass(frozen=True)
class ImageSpec:
    """Shape and value range of the integer images a model is built for.

    It comes from the data, is the first argument of every model and is saved with it.

    Args:
        channels: 1 for grey, 3 for colour.
        height: pixels.
        width: pixels.
        levels: pixel values are the integers ``0 … levels - 1``; at most 256.
        num_classes: number of labels; 0 if the data have none.

    Raises:
        ValueError: a value is out of its range.
    """

    channels: int
    height: int
    width: int
    levels: int = 256
    num_classes: int = 0

    def __post_init__(self) -> None:
        check_positive(channels=self.channels, height=self.height, width=self.width)
        if self.num_dims > MAX_DIMS:
            raise ValueError(f"images may have at most {MAX_DIMS:,} values (C·H·W), got {self.num_dims:,}")
        if not 2 <= self.levels <= 256:
            raise ValueError(f"levels must be between 2 and 256 (uint8 images), got {self.levels}")
        if self.num_classes > MAX_CLASSES:
            raise ValueError(f"num_classes must be at most {MAX_CLASSES:,}, got {self.num_classes:,}")
        if self.num_classes < 0:
            raise ValueError(f"num_classes must not be negative, got {self.num_classes}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(C, H, W)``."""
        return (self.channels, self.height, self.width)

    @property
    def num_dims(self) -> int:
        """Pixel values per image, ``C * H * W``: the divisor of bits per dimension."""
        return self.channels * self.height * self.width

    def check(self, images: Tensor) -> None:
        """Check that a batch matches this spec.

        Raises:
            ValueError: ``images`` is not uint8 ``(B, C, H, W)`` of this shape, or has values beyond its levels.
        """
        if not isinstance(images, Tensor):
            raise ValueError(f"images must be a tensor, torch.uint8 (B, C, H, W), got {type(images).__name__}")
        got = f"{images.dtype} {tuple(images.shape)}"
        if images.dtype != torch.uint8:
            raise ValueError(f"images must be integer pixels (torch.uint8), got {got}")
        if images.dim() != 4 or tuple(images.shape[1:]) != self.shape:
            raise ValueError(f"images must have shape (B, {', '.join(map(str, self.shape))}), got {got}")
        # With 256 levels every uint8 value is valid, so the pixels need not be read.
        if self.levels < 256 and images.numel() and int(images.max()) >= self.levels:
            raise ValueError(f"pixels must be below {self.levels}, the levels of this model, got {int(images.max())}")

    def to_unit_range(self, images: Tensor, dtype: torch.dtype) -> Tensor:
        """uint8 pixels of any shape to [0, 1]: level ``k`` becomes ``k / (levels - 1)``."""
        return images.to(dtype) / (self.levels - 1)

    def to_symmetric_range(self, images: Tensor, dtype: torch.dtype) -> Tensor:
        """uint8 pixels of any shape to [-1, 1]."""
        return images.to(dtype) * (2 / (self.levels - 1)) - 1

    def to_pixels(self, x: Tensor) -> Tensor:
        """Real numbers in [0, 1] to the nearest level, uint8; numbers outside are clamped."""
        return (x * (self.levels - 1)).round().clamp(0, self.levels - 1).to(torch.uint8)
