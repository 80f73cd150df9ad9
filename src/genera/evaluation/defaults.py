"""The default measures of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from torch import Tensor

from genera.core import check_positive
from genera.evaluation.anomaly import AurocMeasure, single_sample_bits
from genera.evaluation.measures import AccuracyMeasure, BitsPerDimMeasure, Measure, ModelCache
from genera.evaluation.memorisation import MemorisationMeasure
from genera.evaluation.metrics import PeakSignalToNoise, SquaredError, StructuralSimilarity
from genera.evaluation.metrics.images import WINDOW
from genera.evaluation.metrics.neighbourhoods import NUM_NEIGHBOURS
from genera.evaluation.reconstructions import ReconstructionMeasure, reconstruct_images
from genera.evaluation.samples import ImageFeatures, Samples
from genera.evaluation.set_measures import CasMeasure, Extractor, SetMeasure
from genera.evaluation.set_metrics import (
    FeatureSpace,
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
from genera.evaluation.speed import SpeedMeasure
from genera.zoo import TrainedModel

#: Images in each set, or the number of real images if that is lower.
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
        classifier: provides features and classes for measures of sets, which are unavailable without one.
        count: maximum number of generated, and of real, images in a set.
        inception: a file with the weights of the Inception network; without one there are no measures of it.
        allow: packages that the classifier's config may name besides genera.

    Raises:
        ValueError: ``count`` is not positive.
    """
    check_positive(count=count)
    samples = Samples(classifier, max_images=count, allow=allow, inception_file=inception)
    of_features = partial(_feature_measures, samples=samples)
    of_inception = partial(of_features, "inception", lambda images: images.inception_features, extractor="inception")
    # Measures of one kind share the reconstructions, or the bits per dimension.
    reconstructions, bits = ModelCache(reconstruct_images), ModelCache(single_sample_bits)
    measures: list[Measure] = [
        BitsPerDimMeasure(1),
        BitsPerDimMeasure(8),
        BitsPerDimMeasure(128, max_images=1000),
        ReconstructionMeasure("mse", SquaredError, reconstructions),
        ReconstructionMeasure("psnr", PeakSignalToNoise, reconstructions),
        ReconstructionMeasure("ssim", StructuralSimilarity, reconstructions, min_size=WINDOW),
        *of_features("lenet", lambda images: images.features, extractor="classifier"),
        *of_features("random", lambda images: images.random_features, extractor="random"),
        *(of_inception() if inception is not None else []),
        SetMeasure("modes", modes, samples=samples),
        SetMeasure("class_kl", class_kl, samples=samples),
        SetMeasure("recognised", recognised, samples=samples, maximum=1.0),
        SetMeasure("class_agreement", class_agreement, samples=samples, needs_labels=True, maximum=1.0),
        SetMeasure("diversity", dissimilarity, samples=samples, extractor="nothing", min_size=WINDOW),
        SetMeasure("sharpness", relative_sharpness, samples=samples, extractor="nothing", min_size=3),
        MemorisationMeasure(samples),
        *[AurocMeasure(name, bits=bits) for name in ("bits", "typicality", "png", "reconstruction", "discriminator")],
        SpeedMeasure(),
        CasMeasure(),
        AccuracyMeasure(),
    ]
    return {measure.name: measure for measure in measures}


def _feature_measures(name: str, space: FeatureSpace, *, extractor: Extractor, samples: Samples) -> list[Measure]:
    """Measures of sets in one space of features."""
    measure = partial(SetMeasure, samples=samples, extractor=extractor)
    with_neighbours = partial(measure, min_count=NUM_NEIGHBOURS + 1)
    return [
        measure(f"fd[{name}]", partial(frechet_distance, space=space)),
        measure(f"kid[{name}]", partial(kernel_distance, space=space), minimum=-math.inf),
        *[
            with_neighbours(f"{part}[{name}]", partial(_part, part=part, space=space), maximum=maximum)
            for part, maximum in {"precision": 1.0, "recall": 1.0, "density": math.inf, "coverage": 1.0}.items()
        ],
        measure(f"diversity[{name}]", partial(feature_distance, space=space)),
    ]


def _part(generated: ImageFeatures, real: ImageFeatures, *, part: str, space: FeatureSpace) -> Tensor:
    return getattr(neighbourhood(generated, real, space=space), part)
