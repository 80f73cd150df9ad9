"""What an evaluation asks."""

from __future__ import annotations

from collections.abc import Sequence

from genera.evaluation.measures import AccuracyMeasure, BitsPerDimMeasure, Measure, MseMeasure
from genera.evaluation.metrics.dissimilarity import WINDOW
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


def default_measures(classifier: TrainedModel | None = None, *, allow: Sequence[str] = ()) -> dict[str, Measure]:
    """The measures of an evaluation, by name.

    Args:
        classifier: whose features and classes measures of sets take; without one they have no answer.
        allow: packages that its config may name besides ours.
    """
    samples = Samples(classifier, allow=allow)
    measures: list[Measure] = [
        BitsPerDimMeasure(1),
        BitsPerDimMeasure(8),
        BitsPerDimMeasure(128, max_images=1000),
        MseMeasure(),
        SetMeasure("fd[lenet]", frechet_distance, samples=samples),
        SetMeasure("modes", modes, samples=samples),
        SetMeasure("class_kl", class_kl, samples=samples),
        SetMeasure("class_agreement", class_agreement, samples=samples, by_label=True, most=1.0),
        SetMeasure("diversity", dissimilarity, samples=samples, by_classifier=False, least_size=WINDOW),
        SetMeasure("diversity[lenet]", feature_distance, samples=samples),
        CasMeasure(),
        AccuracyMeasure(),
    ]
    return {measure.name: measure for measure in measures}
