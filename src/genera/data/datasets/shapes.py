"""Shapes: procedurally rendered binary sprites with known factors of variation.

Similar to dSprites (Matthey et al., 2017), but no shape has a rotational symmetry, so that each image has exactly one
set of factors and no image is in two splits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, partial
from types import MappingProxyType

import torch
from torch import Tensor

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.images import SPLIT_NAMES, ImageDataset, ImageSplit
from genera.data.splits import TENTH, divide_by_class

#: Number of values of each factor; the index of an image enumerates them in row-major order.
FACTORS: Mapping[str, int] = MappingProxyType({"shape": 3, "scale": 4, "orientation": 12, "x": 16, "y": 16})
NUM_IMAGES = math.prod(FACTORS.values())
SHAPE_NAMES = ("arrow", "dome", "heart")
_SIZES = (32, 64)
_SMALLEST = 0.55  # scale of the smallest sprite; the largest has 1
_STRIDES = tuple(math.prod(list(FACTORS.values())[position + 1 :]) for position in range(len(FACTORS)))


@dataset(
    summary="binary sprites with five known factors, rendered on demand",
    size="36,864 · 64×64 or 32×32 black and white · 3 classes",
    licence="Apache-2.0, as Genera",
    homepage="https://github.com/google-deepmind/dsprites-dataset",
)
def shapes(size: int = 64) -> ImageDataset:
    """Shapes: 36,864 sprites with known shape, scale, orientation, x and y, split 80 / 10 / 10 % per shape.

    Args:
        size: height and width, 32 or 64 pixels.
    """
    if size not in _SIZES:
        raise ValueError(f"--data.size of shapes must be 32 or 64, got {size}")
    spec = ImageSpec(1, size, size, levels=2, num_classes=FACTORS["shape"])
    splits = {split: partial(_load, split, size) for split in SPLIT_NAMES}
    return ImageDataset("shapes", spec, class_names=SHAPE_NAMES, splits=splits)


def _load(split: str, size: int) -> ImageSplit:
    factors = factors_of(indices_of_split(split))
    return ImageSplit(render(factors, size=size), factors[:, 0].contiguous())


def indices_of_split(split: str) -> Tensor:
    """Indices of the images of a split, in its order; :func:`factors_of` gives their ground-truth factors."""
    shape = factors_of(torch.arange(NUM_IMAGES))[:, 0].contiguous()
    train, validation, test = divide_by_class(shape, (TENTH, TENTH))
    return {"train": train, "validation": validation, "test": test}[split]


def factors_of(index: Tensor) -> Tensor:
    """The factors of images by index: int64 ``(N,) -> (N, 5)``, in the order of :data:`FACTORS`."""
    columns = [index // stride % count for stride, count in zip(_STRIDES, FACTORS.values(), strict=True)]
    return torch.stack(columns, dim=1)


def index_of(factors: Tensor) -> Tensor:
    """The index of each set of factors: int64 ``(N, 5) -> (N,)``."""
    return (factors * torch.tensor(_STRIDES)).sum(dim=1)


def render(factors: Tensor, *, size: int = 64) -> Tensor:
    """Render sprites: factors, int64 ``(N, 5)``, to uint8 ``(N, 1, size, size)`` of zeros and ones.

    Raises:
        ValueError: a factor or the size is out of range.
    """
    counts = torch.tensor(list(FACTORS.values()))
    if size not in _SIZES or factors.dim() != 2 or factors.shape[1] != len(FACTORS):
        raise ValueError(
            f"render needs factors (N, {len(FACTORS)}) and a size of 32 or 64, got {tuple(factors.shape)} and {size}"
        )
    wrong = ((factors < 0) | (factors >= counts)).any(dim=1)
    if bool(wrong.any()):
        got = tuple(factors[wrong][0].tolist())
        raise ValueError(f"factors must be between 0 and {tuple((counts - 1).tolist())}, got {got}")
    shape, scale, orientation, x, y = factors.unbind(dim=1)
    # Moving the window to the left moves the sprite to the right.
    windows = _windows(size)
    return windows[shape, scale, orientation, FACTORS["y"] - 1 - y, FACTORS["x"] - 1 - x].unsqueeze(1)


@cache
def _windows(size: int) -> Tensor:
    """All images as views ``(3, 4, 12, 16, 16, size, size)`` into 144 padded sprites.

    Positions are whole pixels apart, so a sprite is moved by moving the window and each is rendered only once.
    """
    step = size // 32
    padding_y, padding_x = step * (FACTORS["y"] - 1), step * (FACTORS["x"] - 1)
    sprites = torch.nn.functional.pad(_sprites(size - padding_x), (padding_x, padding_x, padding_y, padding_y))
    return sprites.unfold(3, size, step).unfold(4, size, step)


def _sprites(width: int) -> Tensor:
    """Every shape at every scale and angle: uint8 ``(3, 4, 12, width, width)``."""
    centers = (torch.arange(width, dtype=torch.float64) + 0.5) * 2 / width - 1
    scales = torch.linspace(_SMALLEST, 1, FACTORS["scale"], dtype=torch.float64).view(-1, 1, 1, 1)
    angles = torch.arange(FACTORS["orientation"], dtype=torch.float64).view(-1, 1, 1) * 2 * math.pi
    angles = angles / FACTORS["orientation"]
    down, right = centers.view(-1, 1), centers.view(1, -1)
    # Pixel coordinates in the frame of an upright sprite of radius one: u to the right, v upwards.
    u = (right * angles.cos() + down * angles.sin()) / scales
    v = (right * angles.sin() - down * angles.cos()) / scales
    arrow = (v > -0.7) & (u.abs() < 0.35 * (1 - v))
    dome = (u**2 + (v + 0.4) ** 2 < 0.8) & (v > -0.4)
    # The heart curve (u² + v² - 1)³ = u² v³, shifted and scaled into the unit circle.
    heart_u, heart_v = u * 1.25, v * 1.25 + 0.1
    heart = (heart_u**2 + heart_v**2 - 1) ** 3 < heart_u**2 * heart_v**3
    return torch.stack([arrow, dome, heart]).to(torch.uint8)
