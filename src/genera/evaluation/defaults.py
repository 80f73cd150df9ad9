"""What an evaluation asks."""

from __future__ import annotations

from genera.evaluation.measures import BitsPerDimMeasure, Measure, MseMeasure
from genera.evaluation.samples import Samples
from genera.evaluation.set_measures import (
    CasMeasure,
    ClassAgreementMeasure,
    ClassKlMeasure,
    DissimilarityMeasure,
    FeatureDistanceMeasure,
    FrechetMeasure,
    ModesMeasure,
)
from genera.zoo import TrainedModel


def default_measures(classifier: TrainedModel | None = None) -> dict[str, Measure]:
    """The measures of an evaluation, by name.

    Args:
        classifier: whose features and classes measures of sets take; without one they have no answer.
    """
    samples = Samples(classifier)
    measures = [
        *(BitsPerDimMeasure(1), BitsPerDimMeasure(8), BitsPerDimMeasure(128, max_images=1000), MseMeasure()),
        *(FrechetMeasure(samples), ModesMeasure(samples), ClassKlMeasure(samples), ClassAgreementMeasure(samples)),
        *(DissimilarityMeasure(samples), FeatureDistanceMeasure(samples), CasMeasure()),
    ]
    return {measure.name: measure for measure in measures}
