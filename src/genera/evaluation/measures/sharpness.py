"""The sharpness of samples relative to real images."""

from __future__ import annotations

from torch import Tensor

from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import Sharpness
from genera.evaluation.set_measure import SetMeasure

_BATCH = 500


def relative_sharpness(generated: ImageSet, real: ImageSet) -> Tensor:
    """Sharpness of generated images divided by that of real images."""
    return _sharpness(generated) / real.kept("sharpness", lambda: _sharpness(real))


def _sharpness(images: ImageSet) -> Tensor:
    metric = Sharpness(images.spec.levels)
    for pixels in images.pixels.split(_BATCH):
        metric.update(pixels)
    return metric.compute()


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
