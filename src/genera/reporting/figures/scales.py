"""What each scale of a multi-scale flow adds to an image."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from genera.data.image_grid import image_grid
from genera.flows import NormalizingFlow
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import picture_figure

_NUM_IMAGES = 8
_RESAMPLINGS = 4


@model_figure(
    "Latents",
    needs=lambda loaded: isinstance(loaded.model, NormalizingFlow) and len(loaded.model.latent_scales) > 1,
)
def scales(loaded: LoadedModel) -> Figure:
    """Images, above copies that keep their coarsest scales and resample the others."""
    flow, images, generator = loaded.model, loaded.validation.first(_NUM_IMAGES), loaded.generator
    assert isinstance(flow, NormalizingFlow)
    num_scales = len(flow.latent_scales)
    rows, labels = [images.pixels], ["image"]
    for keep in range(num_scales - 1, 0, -1):
        for _ in range(_RESAMPLINGS):
            rows.append(flow.resample(images.pixels, images.labels, keep=keep, generator=generator))
            labels.append(f"{keep} of {num_scales} scales")
    return picture_figure(image_grid(torch.cat(rows), columns=len(images), levels=flow.spec.levels), rows=labels)
