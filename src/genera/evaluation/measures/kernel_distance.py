"""The kernel distance between samples and real images."""

from __future__ import annotations

import math
from functools import partial

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics.kernel_distance import kernel_distance, mean_kernel
from genera.evaluation.set_measure import SetMeasure


def _in_space(generated: ImageSet, real: ImageSet, *, space: str) -> Tensor:
    features = real.features(space)
    # The same for all sets that are compared with the real one.
    real_kernel = real.kept(("kernel", space), lambda: mean_kernel(features))
    return kernel_distance(generated.features(space), features, real_kernel=real_kernel)


KERNEL_DISTANCE = tuple(
    SetMeasure(
        name=f"kid[{space}]",
        info=MeasureInfo(
            title="KID",
            better="lower",
            group="sample quality",
            definition="kernel distance of features of samples and real images; 0 if alike",
        ),
        compare=partial(_in_space, space=space),
        extractor=space,
        bounds=(-math.inf, math.inf),
    )
    for space in EXTRACTORS
)
