"""Grids of images as one picture."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from genera.core.checks import check_positive
from genera.core.files import write_atomically
from genera.core.image_spec import rescale_levels
from genera.data.memory import check_fits_in_memory

#: Largest number of images in a picture: 100 rows of 100. With 28×28 images it has 6,000 pixels per side, and few
#: programs open larger ones.
MAX_IMAGES = 10_000
_BACKGROUND = 112


def check_image_count(count: int) -> None:
    """Raise ValueError unless a number of images is an integer between 1 and ``MAX_IMAGES``."""
    check_positive(count=count)
    if count > MAX_IMAGES:
        raise ValueError(f"count must be at most {MAX_IMAGES:,}, the limit of one picture, got {count}")


class ImageGrid:
    """A picture of images in rows on a grey background, which is visible around dark and bright images.

    Images are added batch by batch and only the picture is kept, so all images need not fit into memory at once.

    Args:
        count: number of images.
        shape: ``(C, H, W)`` of each, with 1 or 3 channels.
        columns: images per row; if omitted, about the number of rows.
        levels: number of pixel values, rescaled to 0 … 255.
        scale: integer magnification; if omitted, small images are enlarged to about 64 pixels.
        padding: pixels of background around each image.

    Raises:
        ValueError: an argument is out of range, or memory is not sufficient for the picture.
    """

    def __init__(
        self,
        count: int,
        shape: tuple[int, int, int],
        *,
        columns: int | None = None,
        levels: int = 256,
        scale: int | None = None,
        padding: int = 2,
    ) -> None:
        self.shape = channels, height, width = shape
        if count < 1 or channels not in (1, 3):
            raise ValueError(f"a grid needs at least one image with 1 or 3 channels, got {count} of {tuple(shape)}")
        columns = math.ceil(math.sqrt(count)) if columns is None else columns
        self.scale = max(1, min(6, 64 // max(height, width))) if scale is None else scale
        if columns < 1 or self.scale < 1 or padding < 0 or not 2 <= levels <= 256:
            raise ValueError(
                "columns and scale must be at least 1, padding 0 and levels 2 … 256, "
                f"got columns {columns}, scale {scale}, padding {padding}, levels {levels}"
            )
        self.levels = levels
        self.count = count
        self.num_added = 0
        columns = min(columns, count)
        tile = (self.scale * height + 2 * padding, self.scale * width + 2 * padding)
        size = (math.ceil(count / columns), tile[0], columns, tile[1], channels)
        # Pillow makes its own copy.
        check_fits_in_memory(math.prod(size), f"a picture of {count:,} images", hint="use fewer images", copies=2)
        self._canvas = np.full((size[0] * size[1], size[2] * size[3], channels), _BACKGROUND, np.uint8)
        #: A view ``(rows, columns, h, w, C)`` of the canvas without the padding of each tile.
        inside = [slice(padding, side - padding) for side in tile]
        self._tiles = self._canvas.reshape(size).transpose(0, 2, 1, 3, 4)[:, :, inside[0], inside[1]]

    def add(self, images: Tensor) -> None:
        """Add the next images, uint8 ``(B, C, H, W)``.

        Raises:
            ValueError: they have another dtype or shape, or are more than ``count`` in total.
        """
        if images.dtype != torch.uint8 or images.shape[1:] != self.shape:
            raise ValueError(
                f"this grid takes torch.uint8 (B, *{self.shape}), got {images.dtype} {tuple(images.shape)}"
            )
        if self.num_added + len(images) > self.count:
            raise ValueError(f"this grid takes {self.count} images, got {self.num_added + len(images)}")
        rescaled = rescale_levels(images.cpu(), self.levels)
        enlarged = rescaled.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3).permute(0, 2, 3, 1)
        for image in enlarged.numpy():
            self._tiles[divmod(self.num_added, self._tiles.shape[1])] = image
            self.num_added += 1

    def picture(self) -> Image.Image:
        """The picture of the images added so far; the rest is background."""
        return Image.fromarray(self._canvas[..., 0] if self.shape[0] == 1 else self._canvas)


def image_grid(
    images: Tensor, *, columns: int | None = None, levels: int = 256, scale: int | None = None, padding: int = 2
) -> Image.Image:
    """Tile images into one picture; see :class:`ImageGrid` for images in batches.

    Args:
        images: uint8 ``(N, C, H, W)`` with 1 or 3 channels.
        columns, levels, scale, padding: as in :class:`ImageGrid`.

    Raises:
        ValueError: the images have another dtype or shape, there are none, or another argument is out of range.
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or len(images) == 0 or images.shape[1] not in (1, 3):
        got = f"{images.dtype} {tuple(images.shape)}"
        raise ValueError(f"a grid needs at least one image, torch.uint8 (N, 1 or 3, H, W), got {got}")
    _, channels, height, width = images.shape
    grid = ImageGrid(
        len(images), (channels, height, width), columns=columns, levels=levels, scale=scale, padding=padding
    )
    grid.add(images)
    return grid.picture()


def pair_grid(images: Tensor, others: Tensor, *, columns: int = 8, levels: int = 256) -> Image.Image:
    """Tile images ``(N, C, H, W)`` in pairs of rows, each image above its counterpart, such as its reconstruction.

    Raises:
        ValueError: as for :func:`image_grid`, the shapes differ, or there is no image or column.
    """
    if images.shape != others.shape:
        raise ValueError(f"pairs need images of equal shape, got {tuple(images.shape)} and {tuple(others.shape)}")
    if len(images) == 0 or columns < 1:
        raise ValueError(f"pairs need at least one image and one column, got {len(images)} and {columns}")
    columns = min(columns, len(images))
    # Fill the last row with zeros, so that pairs stay aligned.
    filler = torch.zeros(-len(images) % columns, *images.shape[1:], dtype=images.dtype)
    rows = [torch.cat([half, filler]).unflatten(0, (-1, columns)) for half in (images.cpu(), others.cpu())]
    return image_grid(torch.stack(rows, dim=1).flatten(0, 2), columns=columns, levels=levels)


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a PNG atomically; raises ValueError as :func:`check_is_png` does."""
    check_is_png(path)
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    write_atomically(path, buffer.getvalue())


def check_is_png(path: Path) -> None:
    """Raise ValueError unless the name of a picture ends in ``.png``, before the work of creating it."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"pictures are written as PNG, to a file ending in .png, got {path}")
