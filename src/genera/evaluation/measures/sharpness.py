"""The sharpness of samples relative to real images."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import sharpness
from genera.evaluation.set_measure import SetMeasure

_BATCH = 500


def relative_sharpness(generated: ImageSet, real: ImageSet) -> Tensor:
    """Sharpness of generated images divided by that of real images."""
    return _sharpness(generated) / real.kept("sharpness", lambda: _sharpness(real))


def _sharpness(images: ImageSet) -> Tensor:
    parts = images.pixels.split(_BATCH)
    return torch.cat([sharpness(pixels, levels=images.spec.levels) for pixels in parts]).mean()


SHARPNESS = SetMeasure(
    name="sharpness",
    info=MeasureInfo(
        title="sharpness",
        better=None,
        group="sample quality",
        definition="variance of the Laplacian relative to real images; 1 if equal",
        is_shared=True,
    ),
    compare=relative_sharpness,
    min_size=3,
)
