"""Metrics of a set of generated images, most of them relative to a set of real images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics import (
    ClassAgreement,
    ClassKl,
    Dissimilarity,
    FrechetDistance,
    KernelDistance,
    ModeCoverage,
    Neighbourhood,
    Neighbourhoods,
    PairwiseDistance,
    Recognition,
    Sharpness,
)
from genera.evaluation.samples import ImageFeatures

#: Maps generated and real images to a value ``()``.
SetMetric = Callable[[ImageFeatures, ImageFeatures], Tensor]
#: Maps a set to its features ``(N, F)``.
FeatureSpace = Callable[[ImageFeatures], Tensor]


def frechet_distance(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Tensor:
    """Fréchet distance between the features of both sets."""
    return _compare(FrechetDistance, generated, real, space)


def kernel_distance(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Tensor:
    """Kernel distance between the features of both sets."""
    return _compare(KernelDistance, generated, real, space)


def neighbourhood(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Neighbourhood:
    """Precision, recall, density and coverage, cached for each pair of sets."""
    if (space, real) not in generated.cache:
        generated.cache[space, real] = _compare(Neighbourhoods, generated, real, space)
    return generated.cache[space, real]


def modes(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Number of classes predicted for at least 2 % of the generated images."""
    return ModeCoverage(generated.num_classes)(generated.classes)


def class_kl(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """KL divergence of the predicted classes of generated images from uniform, in nats."""
    return ClassKl(generated.num_classes)(generated.classes)


def recognised(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of generated images whose predicted class has a probability of at least a half."""
    return Recognition()(generated.logits)


def class_agreement(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of generated images whose predicted class is the one the model was conditional on."""
    return ClassAgreement()(generated.classes, generated.images.labels)


def dissimilarity(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Mean ``1 - SSIM`` over pairs of generated images."""
    return Dissimilarity(generated.spec.levels)(generated.images.pixels)


def feature_distance(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Tensor:
    """Mean feature distance over pairs of generated images."""
    features = space(generated)
    return PairwiseDistance(features.shape[1])(features)


def relative_sharpness(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Sharpness of generated images divided by that of real images."""
    sharpness = []
    for images in (generated, real):
        metric = Sharpness(images.spec.levels)
        for pixels in images.batches():
            metric.update(pixels)
        sharpness.append(metric.compute())
    return sharpness[0] / sharpness[1]


def _compare(make: Callable[[int], Metric], generated: ImageFeatures, real: ImageFeatures, space: FeatureSpace) -> Any:
    """The value of a metric of the features of both sets; ``make`` creates it for a number of features."""
    features = space(real)
    metric = make(features.shape[1])
    metric.update(space(generated), real=False)
    metric.update(features, real=True)
    return metric.compute()
