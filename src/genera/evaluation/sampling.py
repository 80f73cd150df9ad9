"""Sample images in batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import (
    Generative,
    check_positive,
    check_seed,
    check_temperature,
    labels_for_sampling,
)
from genera.data.image_grid import ImageGrid, save_picture
from genera.data.memory import check_fits_in_memory

_BATCH_SIZE = 256


@dataclass(frozen=True, eq=False)
class SampledImages:
    """Images sampled from a model; a notebook shows them as a picture, NumPy takes them as an array.

    Args:
        pixels: uint8 ``(N, C, H, W)``.
        labels: int64 ``(N,)``, the classes they are conditional on; None if no labels were given.
        levels: number of pixel values.
        path: of the picture, if it was written.
    """

    pixels: Tensor
    labels: Tensor | None
    levels: int
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.pixels.numpy(), dtype=dtype, copy=copy)

    def picture(self) -> Image.Image:
        """All images in one picture."""
        _, channels, height, width = self.pixels.shape
        grid = ImageGrid(len(self), (channels, height, width), levels=self.levels)
        for batch in self.pixels.split(_BATCH_SIZE):
            grid.add(batch)
        return grid.picture()

    def save(self, path: Path | str) -> None:
        """Write the picture.

        Raises:
            ValueError: the name does not end in ``.png``.
            OSError: the file cannot be written.
        """
        save_picture(self.picture(), Path(path))

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.picture().save(buffer, format="PNG")
        return buffer.getvalue()


def sample_images(
    model: object,
    count: int,
    *,
    labels: Tensor | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = _BATCH_SIZE,
) -> Tensor:
    """Sample images from a model, batch by batch, with a progress bar.

    Args:
        model: in evaluation mode.
        count: how many images.
        labels: int64 ``(count,)``, for a conditional model.
        temperature: scale of the spread around the mean; 1 samples from the model itself.
        seed: of the noise.
        batch_size: images per batch; the samples depend on it.

    Returns:
        uint8 ``(count, C, H, W)``, on the CPU.

    Raises:
        ValueError: the model cannot generate images, an argument is out of range or does not match ``labels``, or the
            images do not fit in memory.
    """
    if not isinstance(model, Generative):
        raise ValueError(f"{type(model).__name__} cannot generate images")
    check_positive(count=count, batch_size=batch_size)
    check_temperature(temperature)
    check_seed(seed)
    if labels is not None:
        # Before they are split into batches, where too many labels would go unnoticed.
        labels = labels_for_sampling(model, count, labels)
    shape = (count, *model.spec.shape)
    check_fits_in_memory(math.prod(shape), f"{count:,} samples", hint="ask for fewer")
    samples = torch.empty(shape, dtype=torch.uint8, device=model.device)
    generator = torch.Generator(model.device).manual_seed(seed)
    with tqdm(total=count, desc="sampling", unit=" images", disable=count <= batch_size, leave=False) as bar:
        for start in range(0, count, batch_size):
            batch = slice(start, min(start + batch_size, count))
            size = batch.stop - start
            samples[batch] = model.sample(
                size,
                labels=None if labels is None else labels[batch].to(model.device),
                temperature=temperature,
                generator=generator,
            )
            bar.update(size)
    return samples.cpu()
