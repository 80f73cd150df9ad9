"""Figures of a set of draws beside a set of real images, for measures of sets."""

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

#: Of draws and of real images, ``()``.
SetMetric = Callable[[ImageFeatures, ImageFeatures], Tensor]
#: Features ``(N, F)`` of a set.
Space = Callable[[ImageFeatures], Tensor]


def frechet_distance(drawn: ImageFeatures, real: ImageFeatures, *, space: Space) -> Tensor:
    """Between both sets of features."""
    features = space(real)
    metric = FrechetDistance(features.shape[1])
    metric.update(space(drawn), real=False)
    metric.update(features, real=True)
    return metric.compute()


def kernel_distance(drawn: ImageFeatures, real: ImageFeatures, *, space: Space) -> Tensor:
    """Between both sets of features."""
    features = space(real)
    metric = KernelDistance(features.shape[1])
    metric.update(space(drawn), real=False)
    metric.update(features, real=True)
    return metric.compute()


def neighbourhood(drawn: ImageFeatures, real: ImageFeatures, *, space: Space) -> Neighbourhood:
    """Precision, recall, density and coverage, found once for two sets."""
    if (space, real) not in drawn.found:
        features = space(real)
        metric = Neighbourhoods(features.shape[1])
        metric.update(space(drawn), real=False)
        metric.update(features, real=True)
        drawn.found[space, real] = metric.compute()
    return drawn.found[space, real]


def modes(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Number of classes that at least 2 % of the draws are taken for."""
    metric = ModeCoverage(drawn.num_classes)
    metric.update(drawn.classes)
    return metric.compute()


def class_kl(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """How unevenly the draws are spread over the classes, in nats."""
    metric = ClassKl(drawn.num_classes)
    metric.update(drawn.classes)
    return metric.compute()


def recognised(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of the draws that the classifier takes for one class with a probability of at least a half."""
    metric = Recognition()
    metric.update(drawn.logits)
    return metric.compute()


def class_agreement(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Share of the draws that are taken for the class asked for."""
    assert drawn.images.labels is not None
    metric = ClassAgreement()
    metric.update(drawn.classes, drawn.images.labels)
    return metric.compute()


def dissimilarity(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """Mean ``1 - SSIM`` of pairs of draws."""
    metric = Dissimilarity(drawn.spec.levels)
    metric.update(drawn.images.pixels)
    return metric.compute()


def feature_distance(drawn: ImageFeatures, real: ImageFeatures, *, space: Space) -> Tensor:
    """Mean distance of pairs of draws."""
    features = space(drawn)
    metric = PairwiseDistance(features.shape[1])
    metric.update(features)
    return metric.compute()


def relative_sharpness(drawn: ImageFeatures, real: ImageFeatures) -> Tensor:
    """The sharpness of draws, as a ratio to that of real images."""
    ratio = []
    for seen in (drawn, real):
        metric = Sharpness(seen.spec.levels)
        for pixels in seen.batches():
            metric.update(pixels)
        ratio.append(metric.compute())
    return ratio[0] / ratio[1]
