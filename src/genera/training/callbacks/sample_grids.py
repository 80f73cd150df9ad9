"""Grids of samples during a training."""

from __future__ import annotations

import torch

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import ImageSplit
from genera.data.image_grid import image_grid, pair_grid, save_picture
from genera.runs.run_directory import RunDirectory

#: Images in a grid.
_COUNT = 64


class SampleGrids:
    """Saves samples from the same latents every time, which show how the model learns.

    For a model that cannot sample before it is finalized, the grid has rows of the same validation images, each above
    its reconstructions.
    """

    def __init__(self, run: RunDirectory, *, images: ImageSplit, seed: int) -> None:
        self.run = run
        self.images = images
        self.seed = seed

    def save(self, model: ImageModel, *, device: torch.device, step: int) -> None:
        """Write ``samples/step_….png`` if the model can sample or reconstruct."""
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
