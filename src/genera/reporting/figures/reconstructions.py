"""Images and their reconstructions."""

from __future__ import annotations

from matplotlib.figure import Figure

from genera.core import Autoencoding
from genera.data.image_grid import pair_grid
from genera.evaluation import reconstruct_images
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure

_NUM_IMAGES = 32


@model_figure(
    "Reconstructions", needs=lambda loaded: isinstance(loaded.model, Autoencoding) and not loaded.model.is_exact
)
def reconstructions(loaded: LoadedModel) -> Figure:
    """Images, each above its reconstruction."""
    images = loaded.validation.first(_NUM_IMAGES)
    pairs = pair_grid(images.pixels, reconstruct_images(loaded.model, images), levels=loaded.model.spec.levels)
    return picture_figure(pairs)
