"""Metrics of features or classes of sets of images, against independent implementations."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial.distance
import scipy.stats
import torch
from cases import complains, normal
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics import (
    ClassAgreement,
    ClassKl,
    FrechetDistance,
    ModeCoverage,
    PairwiseDistance,
    Recognition,
)


def with_moments(mean: Tensor, deviations: Tensor, *, seed: int) -> Tensor:
    """100 vectors with exactly this mean and this diagonal covariance."""
    x = normal(100, len(mean), seed=seed)
    x = x - x.mean(dim=0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    return mean + deviations * white


def frechet(generated: Tensor, real: Tensor) -> float:
    metric = FrechetDistance(generated.shape[1])
    metric.update(generated, real=False)
    metric.update(real, real=True)
    return float(metric.compute())


def test_a_frechet_distance_of_diagonal_gaussians() -> None:
    """``‖μ_1 - μ_2‖² + ‖σ_1 - σ_2‖²``."""
    means, deviations = normal(2, 4), normal(2, 4, seed=2).exp()
    sets = [with_moments(*moments, seed=seed) for seed, moments in enumerate(zip(means, deviations, strict=True))]
    expected = (means[0] - means[1]).square().sum() + (deviations[0] - deviations[1]).square().sum()
    assert frechet(*sets) == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_frechet_distance_with_scipys_square_root(scale: float) -> None:
    generated = scale * (normal(60, 8) @ normal(8, 8, seed=2) + 3)
    real = scale * normal(80, 8, seed=3) @ normal(8, 8, seed=4)
    first, second = np.cov(generated.T), np.cov(real.T)
    root = scipy.linalg.sqrtm(first @ second).real
    difference = generated.mean(dim=0) - real.mean(dim=0)
    expected = float(difference.square().sum()) + np.trace(first + second - 2 * root)
    assert frechet(generated, real) == pytest.approx(expected, rel=1e-6)
    assert frechet(real, generated) == pytest.approx(expected, rel=1e-6)


def test_the_distance_of_a_set_to_itself_is_zero() -> None:
    features = normal(50, 6) + 2
    assert frechet(features, features.flip(0)) == pytest.approx(0, abs=1e-12)


def test_features_that_are_constant_or_linearly_dependent() -> None:
    """Covariances without full rank: rounding makes some zero eigenvalues negative."""
    features = torch.cat([normal(20, 3), 2 * normal(20, 3), torch.ones(20, 2).double()], dim=1)
    assert 0 <= frechet(features, features) < 1e-6
    assert frechet(features, features + 1) == pytest.approx(8, abs=1e-6)


def test_a_frechet_distance_needs_two_images_of_known_features() -> None:
    metric = FrechetDistance(3)
    metric.update(normal(2, 3), real=True)
    metric.update(normal(1, 3), real=False)
    with complains("at least two images in each set", "got 1 generated and 2 real"):
        metric.compute()
    for features in (normal(2, 4), normal(3)):
        with complains("features must have shape (B, 3)", str(tuple(features.shape))):
            metric.update(features, real=True)


def test_modes_and_class_kl_of_known_shares() -> None:
    labels = torch.arange(3).repeat_interleave(torch.tensor([91, 7, 2]))
    for share, expected in [(0.02, 3), (0.021, 2), (0.07, 2), (0.0701, 1), (0.92, 0)]:
        metric = ModeCoverage(4, share=share)
        metric.update(labels)
        assert int(metric.compute()) == expected
    metric = ClassKl(4)
    metric.update(labels)
    assert float(metric.compute()) == pytest.approx(scipy.stats.entropy([91, 7, 2, 0], [1, 1, 1, 1]), rel=1e-12)


@pytest.mark.parametrize("num_classes", [1, 3, 10])
def test_the_extreme_values_of_class_kl(num_classes: int) -> None:
    even, single = ClassKl(num_classes), ClassKl(num_classes)
    even.update(torch.arange(num_classes).repeat(7))
    single.update(torch.full((5,), num_classes - 1))
    assert 0 <= float(even.compute()) < 1e-15
    assert float(single.compute()) == pytest.approx(math.log(num_classes))


def test_class_agreement_computed_by_hand() -> None:
    metric = ClassAgreement()
    metric.update(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1]))
    metric.update(torch.tensor([3]), torch.tensor([0]))
    assert float(metric.compute()) == 0.5
    with complains("one predicted class for each label", "(2,) and (1,)"):
        metric.update(torch.zeros(2), torch.zeros(1))


def test_recognition_computed_by_hand() -> None:
    metric = Recognition()
    # The probabilities are 0.5 for one class, a third for each, and 1 for the last class.
    metric.update(torch.tensor([[math.log(2), 0, 0], [1, 1, 1]]))
    metric.update(torch.tensor([[-9.0, -9.0, 9.0]]))
    assert float(metric.compute()) == pytest.approx(2 / 3)
    with complains("logits must have shape (B, K)", "(2,)"):
        metric.update(torch.zeros(2))


def test_pairwise_distances_equal_scipys() -> None:
    features = normal(700, 3)
    metric = PairwiseDistance(3)
    for part in features.split(300):
        metric.update(part.float())
    expected = scipy.spatial.distance.pdist(features.float().numpy()).mean()
    assert float(metric.compute()) == pytest.approx(expected, rel=1e-9)
    metric.reset()
    metric.update(1e4 + features[:1].expand(4, -1))
    assert float(metric.compute()) == 0


@pytest.mark.parametrize("metric", [ModeCoverage(3), ClassKl(3), ClassAgreement(), PairwiseDistance(3), Recognition()])
def test_metrics_refuse_to_compute_without_images(metric: Metric) -> None:
    takes_vectors = isinstance(metric, PairwiseDistance | Recognition)
    empty = torch.zeros(0, 3) if takes_vectors else torch.zeros(0, dtype=torch.int64)
    metric.update(*[empty] * (2 if isinstance(metric, ClassAgreement) else 1))
    with complains("needs at least"):
        metric.compute()


def test_features_that_are_not_finite() -> None:
    for value in (math.nan, math.inf):
        for metric in (PairwiseDistance(3), partial(FrechetDistance(3).update, real=True)):
            with complains("features must be finite"):
                (metric.update if isinstance(metric, Metric) else metric)(torch.tensor([[0.0, value, 1.0]]))


@pytest.mark.parametrize("metric", [ModeCoverage, ClassKl])
def test_labels_out_of_range(metric: type[ModeCoverage | ClassKl]) -> None:
    for labels in ([0, 3], [-1, 2]):
        with complains("between 0 and 2", f"got labels from {labels[0]} to {labels[1]}"):
            metric(3).update(torch.tensor(labels))
    with complains("labels must be torch.int64 (B,)", "float32"):
        metric(3).update(torch.zeros(2))


@pytest.mark.parametrize("share", [0, 1.1, -1])
def test_a_share_out_of_range(share: float) -> None:
    with complains("share must be in (0, 1]", str(share)):
        ModeCoverage(3, share)


def updated(metric: Metric, seed: int, order: list[int]) -> Metric:
    """Update a metric with 24 images in batches, in the given order."""
    features = normal(24, 3, seed=seed).float()
    labels = torch.randint(4, (24,), generator=torch.Generator().manual_seed(seed))
    for start, end in pairwise([0, 10, 12, 24]):
        chosen = torch.tensor(order[start:end])
        if isinstance(metric, FrechetDistance):
            metric.update(features[chosen], real=True)
            metric.update(2 * features[chosen], real=False)
        elif isinstance(metric, ClassAgreement):
            metric.update(labels[chosen], labels[chosen] % 2)
        else:
            metric.update(features[chosen] if isinstance(metric, PairwiseDistance) else labels[chosen])
    return metric


@pytest.mark.parametrize(
    "make",
    [
        lambda: FrechetDistance(3),
        lambda: ModeCoverage(4, share=0.3),
        lambda: ClassKl(4),
        ClassAgreement,
        lambda: PairwiseDistance(3),
    ],
)
def test_the_order_of_images_and_their_process_do_not_matter(make: Callable[[], Metric]) -> None:
    """Two processes add their states, in float64 for any dtype of features."""
    one, other = updated(make(), 1, list(range(24))), updated(make(), 2, list(range(24)))
    other.merge_state(one)
    together = updated(updated(make(), 2, list(reversed(range(24)))), 1, list(range(24)))
    assert float(other.compute()) == pytest.approx(float(together.compute()), rel=1e-12)
