"""The Fréchet distance between samples and real images."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import frechet_distance
from genera.evaluation.set_measure import SetMeasure


def _in_space(generated: ImageSet, real: ImageSet, *, space: str) -> Tensor:
    return frechet_distance(generated.features(space), real.features(space))


FRECHET_DISTANCE = tuple(
    SetMeasure(
        name=f"fd[{space}]",
        info=MeasureInfo(
            title="FD",
            better="lower",
            group="sample quality",
            definition="Fréchet distance of Gaussians fitted to features of samples and real images",
        ),
        compare=partial(_in_space, space=space),
        extractor=space,
    )
    for space in EXTRACTORS
)
