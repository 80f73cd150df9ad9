"""The kernel distance between samples and real images."""

from __future__ import annotations

import math
from functools import partial

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import KernelDistance
from genera.evaluation.metrics.base import compare_sets
from genera.evaluation.set_measure import SetMeasure


def kernel_distance(generated: ImageSet, real: ImageSet, *, space: str) -> Tensor:
    """The distance between features of an extractor, ``()``."""
    return compare_sets(KernelDistance, generated.features(space), real.features(space))


KERNEL_DISTANCE = tuple(
    SetMeasure(
        name=f"kid[{space}]",
        info=MeasureInfo(
            title="KID",
            better="lower",
            group="sample quality",
            definition="kernel distance of features of samples and real images; 0 if alike",
        ),
        compare=partial(kernel_distance, space=space),
        extractor=space,
        bounds=(-math.inf, math.inf),
    )
    for space in EXTRACTORS
)
