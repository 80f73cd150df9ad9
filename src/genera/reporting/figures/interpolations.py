"""Interpolations between images."""

from __future__ import annotations

from matplotlib.figure import Figure

from genera.core import Autoencoding
from genera.data.image_grid import image_grid
from genera.evaluation import interpolate
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure

_NUM_ROWS = 8
_STEPS = 8


@model_figure("Interpolations", needs=lambda loaded: isinstance(loaded.model, Autoencoding))
def interpolations(loaded: LoadedModel) -> Figure:
    """Interpolations, each to the image where the next one starts."""
    model = loaded.model
    assert isinstance(model, Autoencoding)
    images, first = loaded.validation, loaded.validation.first(_NUM_ROWS)
    last = first.pixels.roll(-1, dims=0)
    if model.class_conditional and images.labels is not None:
        # Both ends need the same label, as the latents of a conditional model depend on it.
        labels = images.labels.tolist()
        last = images.pixels[[_next_of_same_class(labels, index) for index in range(len(first))]]
    ends = first.pixels, last
    paths = interpolate(model, ends, count=_STEPS, labels=first.labels, generator=loaded.generator)
    return picture_figure(image_grid(paths.flatten(0, 1), columns=_STEPS, levels=model.spec.levels))


def _next_of_same_class(labels: list[int], index: int) -> int:
    """Index of the next image with the same label, cyclically; its own if there is no other."""
    others = [*range(index + 1, len(labels)), *range(index + 1)]
    return next(other for other in others if labels[other] == labels[index])
