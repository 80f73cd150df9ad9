"""The diversity of samples."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import MeasureInfo
from genera.evaluation.metrics import Dissimilarity, PairwiseDistance
from genera.evaluation.metrics.images import WINDOW
from genera.evaluation.set_measure import SetMeasure

_DEFINITION = "mean difference of two samples; best as for real images"


def dissimilarity(generated: ImageSet, real: ImageSet) -> Tensor:
    """Mean ``1 - SSIM`` over pairs of generated images."""
    return Dissimilarity(generated.spec.levels)(generated.pixels)


def feature_distance(generated: ImageSet, real: ImageSet, *, space: str) -> Tensor:
    """Mean feature distance over pairs of generated images."""
    features = generated.features(space)
    return PairwiseDistance(features.shape[1])(features)


DIVERSITY = SetMeasure(
    name="diversity",
    info=MeasureInfo(
        title="diversity",
        better=None,
        group="coverage",
        definition=_DEFINITION,
    ),
    compare=dissimilarity,
    min_size=WINDOW,
)
FEATURE_DIVERSITY = tuple(
    SetMeasure(
        name=f"diversity[{space}]",
        info=MeasureInfo(
            title="diversity",
            better=None,
            group="coverage",
            definition=_DEFINITION,
        ),
        compare=partial(feature_distance, space=space),
        extractor=space,
    )
    for space in EXTRACTORS
)
