"""Metrics of a set of generated images, most of them relative to a set of real images."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

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
    features = space(real)
    metric = FrechetDistance(features.shape[1])
    metric.update(space(generated), real=False)
    metric.update(features, real=True)
    return metric.compute()


def kernel_distance(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Tensor:
    """Kernel distance between the features of both sets."""
    features = space(real)
    metric = KernelDistance(features.shape[1])
    metric.update(space(generated), real=False)
    metric.update(features, real=True)
    return metric.compute()


def neighbourhood(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Neighbourhood:
    """Precision, recall, density and coverage, cached for each pair of sets."""
    if (space, real) not in generated.cache:
        features = space(real)
        metric = Neighbourhoods(features.shape[1])
        metric.update(space(generated), real=False)
        metric.update(features, real=True)
        generated.cache[space, real] = metric.compute()
    return generated.cache[space, real]


def modes(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Number of classes predicted for at least 2 % of the generated images."""
    metric = ModeCoverage(generated.num_classes)
    metric.update(generated.classes)
    return metric.compute()


def class_kl(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """KL divergence of the predicted classes of generated images from uniform, in nats."""
    metric = ClassKl(generated.num_classes)
    metric.update(generated.classes)
    return metric.compute()


def recognised(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of generated images whose predicted class has a probability of at least a half."""
    metric = Recognition()
    metric.update(generated.logits)
    return metric.compute()


def class_agreement(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of generated images whose predicted class is the one the model was conditional on."""
    assert generated.images.labels is not None
    metric = ClassAgreement()
    metric.update(generated.classes, generated.images.labels)
    return metric.compute()


def dissimilarity(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Mean ``1 - SSIM`` over pairs of generated images."""
    metric = Dissimilarity(generated.spec.levels)
    metric.update(generated.images.pixels)
    return metric.compute()


def feature_distance(generated: ImageFeatures, real: ImageFeatures, *, space: FeatureSpace) -> Tensor:
    """Mean feature distance over pairs of generated images."""
    features = space(generated)
    metric = PairwiseDistance(features.shape[1])
    metric.update(features)
    return metric.compute()


def relative_sharpness(generated: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Sharpness of generated images divided by that of real images."""
    sharpness = []
    for images in (generated, real):
        metric = Sharpness(images.spec.levels)
        for pixels in images.batches():
            metric.update(pixels)
        sharpness.append(metric.compute())
    return sharpness[0] / sharpness[1]
