"""Quality of reconstructions. Conditional models get the labels of the images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from genera.evaluation.measure import ImageMeasure, MeasureInfo, has_pixels, reconstructs
from genera.evaluation.metrics import PeakSignalToNoise, SquaredError, StructuralSimilarity
from genera.evaluation.metrics.base import PerImageMetric
from genera.evaluation.metrics.images import WINDOW
from genera.evaluation.subject import Subject

_BATCH = 250
_LABELS = {"labels": "given to conditional models"}


def _values(subject: Subject, *, metric: Callable[[int], PerImageMetric]) -> Tensor:
    per_image, images = metric(subject.model.spec.levels), subject.images
    for pair in zip(images.pixels.split(_BATCH), subject.reconstructions(images).split(_BATCH), strict=True):
        per_image.update(*pair)
    return per_image.values()


MSE = ImageMeasure(
    name="mse",
    info=MeasureInfo(
        title="MSE",
        better="lower",
        group="reconstruction",
        definition="mean squared error of reconstructed pixels on [0, 1]",
    ),
    values=partial(_values, metric=SquaredError),
    requirement=reconstructs,
    fixed=_LABELS,
)
PSNR = ImageMeasure(
    name="psnr",
    info=MeasureInfo(
        title="PSNR",
        unit="dB",
        better="higher",
        group="reconstruction",
        definition="peak signal-to-noise ratio of reconstructions",
    ),
    values=partial(_values, metric=PeakSignalToNoise),
    requirement=reconstructs,
    fixed=_LABELS,
)
SSIM = ImageMeasure(
    name="ssim",
    info=MeasureInfo(
        title="SSIM",
        better="higher",
        group="reconstruction",
        definition="structural similarity of reconstructions and images; 1 if equal",
    ),
    values=partial(_values, metric=StructuralSimilarity),
    requirement=lambda subject: reconstructs(subject) or has_pixels(subject, WINDOW),
    fixed=_LABELS,
)
