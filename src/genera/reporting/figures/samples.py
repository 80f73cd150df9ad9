"""Samples of a model, and the training images that are most like them."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from genera.core import Generative
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import nearest_images as find_nearest
from genera.evaluation import sample_images
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure

_COLUMNS, _PER_CLASS, _NUM_NEAREST = 8, 10, 16
#: Rows of the figure by class, in case there are many classes.
_MAX_CLASSES = 20


@model_figure("Samples", needs=lambda loaded: isinstance(loaded.model, Generative))
def samples(loaded: LoadedModel) -> Figure:
    """Samples."""
    images = sample_images(loaded.model, _COLUMNS**2, seed=loaded.seed)
    return picture_figure(image_grid(images, columns=_COLUMNS, levels=loaded.model.spec.levels))


@model_figure(
    "Samples by class", needs=lambda loaded: isinstance(loaded.model, Generative) and loaded.model.class_conditional
)
def samples_by_class(loaded: LoadedModel) -> Figure:
    """Samples, a row per class."""
    spec = loaded.model.spec
    labels = torch.arange(min(spec.num_classes, _MAX_CLASSES)).repeat_interleave(_PER_CLASS)
    images = sample_images(loaded.model, len(labels), labels=labels, seed=loaded.seed)
    return picture_figure(image_grid(images, columns=_PER_CLASS, levels=spec.levels))


@model_figure("Nearest training images", needs=lambda loaded: isinstance(loaded.model, Generative))
def nearest_images(loaded: LoadedModel) -> Figure:
    """Samples, each above the nearest training image by pixel distance."""
    train = loaded.data.split("train").pixels
    images = sample_images(loaded.model, _NUM_NEAREST, seed=loaded.seed)
    _, indices = find_nearest(images, train)
    return picture_figure(pair_grid(images, train[indices], levels=loaded.model.spec.levels))
