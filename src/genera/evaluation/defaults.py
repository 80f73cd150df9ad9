"""What an evaluation asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from torch import Tensor

from genera.core import check_positive
from genera.evaluation.anomaly import AurocMeasure, Bits
from genera.evaluation.cost import SpeedMeasure
from genera.evaluation.measures import AccuracyMeasure, BitsPerDimMeasure, Measure
from genera.evaluation.memorisation import MemorisationMeasure
from genera.evaluation.metrics import PeakSignalToNoise, SquaredError, StructuralSimilarity
from genera.evaluation.metrics.neighbourhoods import NUM_NEIGHBOURS
from genera.evaluation.metrics.structural_similarity import WINDOW
from genera.evaluation.reconstructions import ReconstructionMeasure, Reconstructions
from genera.evaluation.samples import ImageFeatures, Samples
from genera.evaluation.set_measures import CasMeasure, Extractor, SetMeasure
from genera.evaluation.set_metrics import (
    Space,
    class_agreement,
    class_kl,
    dissimilarity,
    feature_distance,
    frechet_distance,
    kernel_distance,
    modes,
    neighbourhood,
    recognised,
    relative_sharpness,
)
from genera.zoo import TrainedModel

#: Draws and real images in each set, or as many as there are real ones.
_COUNT = 10_000


def default_measures(
    classifier: TrainedModel | None = None,
    *,
    count: int = _COUNT,
    inception: Path | None = None,
    allow: Sequence[str] = (),
) -> dict[str, Measure]:
    """The measures of an evaluation, by name.

    Args:
        classifier: whose features and classes measures of sets take; without one they have no answer.
        count: draws, and real images, that measures of sets take at most.
        inception: a file with the weights of the Inception network; its measures are left out without one.
        allow: packages that the classifier's config may name besides ours.

    Raises:
        ValueError: ``count`` is not positive.
    """
    check_positive(count=count)
    samples = Samples(classifier, max_images=count, allow=allow, inception=inception)
    through_inception = (
        _in_space("inception", lambda seen: seen.inception_features, extractor="inception", samples=samples)
        if inception is not None
        else []
    )
    measures: list[Measure] = [
        BitsPerDimMeasure(1),
        BitsPerDimMeasure(8),
        BitsPerDimMeasure(128, max_images=1000),
        *_of_reconstructions(),
        *_in_space("lenet", lambda seen: seen.features, extractor="classifier", samples=samples),
        *_in_space("random", lambda seen: seen.random_features, extractor="random", samples=samples),
        *through_inception,
        SetMeasure("modes", modes, samples=samples),
        SetMeasure("class_kl", class_kl, samples=samples),
        SetMeasure("recognised", recognised, samples=samples, most=1.0),
        SetMeasure("class_agreement", class_agreement, samples=samples, by_label=True, most=1.0),
        SetMeasure("diversity", dissimilarity, samples=samples, extractor="nothing", least_size=WINDOW),
        SetMeasure("sharpness", relative_sharpness, samples=samples, extractor="nothing", least_size=3),
        MemorisationMeasure(samples),
        *_of_anomalies(),
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


def _of_anomalies() -> list[Measure]:
    """The measures of scores of oddity, three of which take the bits of the same images."""
    bits = Bits()
    names = ("bits", "typicality", "png", "reconstruction", "discriminator")
    return [AurocMeasure(score, bits=bits) for score in names]


def _in_space(name: str, space: Space, *, extractor: Extractor, samples: Samples) -> list[Measure]:
    """The measures of features, of one kind of features."""
    measure = partial(SetMeasure, samples=samples, extractor=extractor)
    of_neighbours = partial(measure, least_count=NUM_NEIGHBOURS + 1)
    return [
        measure(f"fd[{name}]", partial(frechet_distance, space=space)),
        measure(f"kid[{name}]", partial(kernel_distance, space=space), least=-math.inf),
        *[
            of_neighbours(f"{part}[{name}]", partial(_part, part=part, space=space), most=most)
            for part, most in {"precision": 1.0, "recall": 1.0, "density": math.inf, "coverage": 1.0}.items()
        ],
        measure(f"diversity[{name}]", partial(feature_distance, space=space)),
    ]


def _part(drawn: ImageFeatures, real: ImageFeatures, *, part: str, space: Space) -> Tensor:
    return getattr(neighbourhood(drawn, real, space=space), part)
