"""What an evaluation asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from torch import Tensor

from genera.evaluation.anomaly import AurocMeasure
from genera.evaluation.cost import SpeedMeasure
from genera.evaluation.measures import AccuracyMeasure, BitsPerDimMeasure, Measure
from genera.evaluation.memorisation import MemorisationMeasure
from genera.evaluation.metrics import PeakSignalToNoise, SquaredError, StructuralSimilarity
from genera.evaluation.metrics.structural_similarity import WINDOW
from genera.evaluation.reconstructions import ReconstructionMeasure, Reconstructions
from genera.evaluation.samples import Samples, Seen
from genera.evaluation.set_figures import (
    Space,
    class_agreement,
    class_kl,
    dissimilarity,
    feature_distance,
    frechet_distance,
    kernel_distance,
    modes,
    neighbourhood,
    relative_sharpness,
)
from genera.evaluation.set_measures import CasMeasure, Extractor, SetMeasure
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
        *_of_reconstructions(),
        *_in_space("lenet", lambda seen: seen.features, through="classifier", samples=samples),
        *_in_space("random", lambda seen: seen.random_features, through="random", samples=samples),
        SetMeasure("modes", modes, samples=samples),
        SetMeasure("class_kl", class_kl, samples=samples),
        SetMeasure("class_agreement", class_agreement, samples=samples, by_label=True, most=1.0),
        SetMeasure("diversity", dissimilarity, samples=samples, through="nothing", least_size=WINDOW),
        SetMeasure("sharpness", relative_sharpness, samples=samples, through="nothing", least_size=3),
        MemorisationMeasure(samples),
        *[AurocMeasure(score) for score in ("bits", "typicality", "png", "reconstruction", "discriminator")],
        SpeedMeasure(),
        CasMeasure(),
        AccuracyMeasure(),
    ]
    return {measure.name: measure for measure in measures}


def _of_reconstructions() -> list[Measure]:
    """The measures of reconstructions, which are made once for all of them."""
    reconstructions = Reconstructions()
    return [
        ReconstructionMeasure("mse", SquaredError, reconstructions),
        ReconstructionMeasure("psnr", PeakSignalToNoise, reconstructions),
        ReconstructionMeasure("ssim", StructuralSimilarity, reconstructions, least_size=WINDOW),
    ]


def _in_space(name: str, space: Space, *, through: Extractor, samples: Samples) -> list[Measure]:
    """The measures of features, of one kind of features."""
    measure = partial(SetMeasure, samples=samples, through=through)
    return [
        measure(f"fd[{name}]", partial(frechet_distance, space=space)),
        measure(f"kid[{name}]", partial(kernel_distance, space=space), least=-math.inf),
        *[
            measure(f"{part}[{name}]", partial(_part, part=part, space=space), most=most)
            for part, most in {"precision": 1.0, "recall": 1.0, "density": math.inf, "coverage": 1.0}.items()
        ],
        measure(f"diversity[{name}]", partial(feature_distance, space=space)),
    ]


def _part(drawn: Seen, real: Seen, *, part: str, space: Space) -> Tensor:
    return getattr(neighbourhood(drawn, real, space=space), part)
