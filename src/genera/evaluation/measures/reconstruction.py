"""Quality of reconstructions. Conditional models get the labels of the images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from genera.evaluation.measure import ImageMeasure, MeasureInfo, has_pixels, reconstructs
from genera.evaluation.metrics import peak_signal_to_noise, squared_error, structural_similarity
from genera.evaluation.metrics.structural_similarity import WINDOW
from genera.evaluation.subject import Subject

_BATCH = 250
_LABELS = {"labels": "given to conditional models"}


def _values(subject: Subject, *, metric: Callable[..., Tensor]) -> Tensor:
    images, levels = subject.images, subject.model.spec.levels
    pairs = zip(images.pixels.split(_BATCH), subject.reconstructions(images).split(_BATCH), strict=True)
    return torch.cat([metric(*pair, levels=levels) for pair in pairs])


MSE = ImageMeasure(
    name="mse",
    info=MeasureInfo(
        title="MSE",
        better="lower",
        group="reconstruction",
        definition="mean squared error of reconstructed pixels on [0, 1]",
    ),
    values=partial(_values, metric=squared_error),
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
    values=partial(_values, metric=peak_signal_to_noise),
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
    values=partial(_values, metric=structural_similarity),
    requirement=lambda subject: reconstructs(subject) or has_pixels(subject, WINDOW),
    fixed=_LABELS,
)
