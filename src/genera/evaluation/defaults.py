"""What an evaluation asks."""

from __future__ import annotations

from genera.evaluation.measures import AccuracyMeasure, BitsPerDimMeasure, Measure, MseMeasure
from genera.evaluation.samples import Samples
from genera.evaluation.set_measures import (
    CasMeasure,
    SetMeasure,
    class_agreement,
    class_kl,
    dissimilarity,
    feature_distance,
    frechet_distance,
    modes,
)
from genera.zoo import TrainedModel


def default_measures(classifier: TrainedModel | None = None) -> dict[str, Measure]:
    """The measures of an evaluation, by name.

    Args:
        classifier: whose features and classes measures of sets take; without one they have no answer.
    """
    samples = Samples(classifier)
    measures: list[Measure] = [
        BitsPerDimMeasure(1),
        BitsPerDimMeasure(8),
        BitsPerDimMeasure(128, max_images=1000),
        MseMeasure(),
        SetMeasure("fd[lenet]", frechet_distance, samples),
        SetMeasure("modes", modes, samples),
        SetMeasure("class_kl", class_kl, samples),
        SetMeasure("class_agreement", class_agreement, samples, by_label=True),
        SetMeasure("diversity", dissimilarity, samples, by_classifier=False),
        SetMeasure("diversity[lenet]", feature_distance, samples),
        CasMeasure(),
        AccuracyMeasure(),
    ]
    return {measure.name: measure for measure in measures}
