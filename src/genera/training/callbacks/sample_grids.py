"""Grids of samples along a training."""

from __future__ import annotations

import torch

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import ImageSplit
from genera.data.image_grid import image_grid, pair_grid, save_picture
from genera.runs.run_directory import RunDirectory

#: Images in a grid.
_COUNT = 64


class SampleGrids:
    """Samples of the same latents again and again, so that one sees the model learn.

    A model that cannot sample before it is finalized reconstructs the same validation images instead: rows of images,
    each above its reconstructions.

    Args:
        run: where the grids go.
        images: the validation split.
        seed: of the latents.
    """

    def __init__(self, run: RunDirectory, *, images: ImageSplit, seed: int) -> None:
        self.run = run
        self.images = images
        self.seed = seed

    def save(self, model: ImageModel, *, device: torch.device, step: int) -> None:
        """Write ``samples/step_….png``, where the model can sample or reconstruct."""
        levels = model.spec.levels
        if isinstance(model, Autoencoding) and model.needs_finalize:
            pixels = self.images.pixels[: _COUNT // 2].to(device)
            picture = pair_grid(pixels, model.reconstruct(pixels), levels=levels)
        elif isinstance(model, Generative):
            images = model.sample(_COUNT, generator=torch.Generator(device).manual_seed(self.seed))
            picture = image_grid(images, levels=levels)
        else:
            return
        save_picture(picture, self.run.samples / f"step_{step:07d}.png")
