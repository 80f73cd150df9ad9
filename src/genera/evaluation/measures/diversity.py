"""The diversity of samples."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import dissimilarity, pairwise_distance
from genera.evaluation.metrics.structural_similarity import WINDOW
from genera.evaluation.set_measure import SetMeasure

_INFO = MeasureInfo(
    title="diversity",
    better=None,
    group="coverage",
    definition="mean difference of two samples; best as for real images",
)


def _in_space(generated: ImageSet, real: ImageSet, *, space: str) -> Tensor:
    return pairwise_distance(generated.features(space))


DIVERSITY = SetMeasure(
    name="diversity",
    info=_INFO,
    compare=lambda generated, real: dissimilarity(generated.pixels, levels=generated.spec.levels),
    min_size=WINDOW,
)
FEATURE_DIVERSITY = tuple(
    SetMeasure(
        name=f"diversity[{space}]",
        info=_INFO,
        compare=partial(_in_space, space=space),
        extractor=space,
    )
    for space in EXTRACTORS
)
