"""The kernel distance against a sum over all pairs, and its mean for equal distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import complains, normal
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from genera.evaluation.metrics import KernelDistance


def kernel_distance(generated: Tensor, real: Tensor) -> float:
    metric = KernelDistance(generated.shape[1])
    for part in generated.split(300):
        metric.update(part, real=False)
    metric.update(real, real=True)
    return float(metric.compute())


@pytest.mark.parametrize(("count", "other"), [(600, 700), (2, 5)])
def test_it_equals_the_unbiased_mean_over_pairs(count: int, other: int) -> None:
    generated, real = normal(count, 4), 1 + 2 * normal(other, 4, seed=2)
    within = []
    for features in (generated.numpy(), real.numpy()):
        kernel = polynomial_kernel(features, degree=3, gamma=1 / 4, coef0=1)
        np.fill_diagonal(kernel, 0)
        within.append(kernel.sum() / (len(features) * (len(features) - 1)))
    across = polynomial_kernel(generated.numpy(), real.numpy(), degree=3, gamma=1 / 4, coef0=1).mean()
    assert kernel_distance(generated, real) == pytest.approx(sum(within) - 2 * across, rel=1e-9)
    assert kernel_distance(real, generated) == pytest.approx(kernel_distance(generated, real), rel=1e-9)


def test_float32_features_are_precise_enough() -> None:
    """Also where products are large and sets are close: rounding errors must not dominate the distance."""
    generated, real = 5 + normal(900, 8), 5 + 1.1 * normal(800, 8, seed=2)
    assert kernel_distance(generated.float(), real.float()) == pytest.approx(kernel_distance(generated, real), rel=1e-4)


def test_halves_of_one_set_have_distance_zero_on_average() -> None:
    distances = [kernel_distance(*normal(200, 3, seed=seed).split(100)) for seed in range(60)]
    assert min(distances) < 0 < max(distances)
    assert abs(np.mean(distances)) < 3 * np.std(distances) / len(distances) ** 0.5


def test_it_grows_with_a_shift() -> None:
    real = normal(300, 3)
    near, far = (kernel_distance(shift + normal(300, 3, seed=2), real) for shift in (0.3, 1.0))
    assert 0 < near < far


def test_processes_merge_their_features() -> None:
    generated, real = normal(30, 2), normal(40, 2, seed=2)
    one, other = KernelDistance(2), KernelDistance(2)
    for metric, few, many in ((one, generated[:11], real[:7]), (other, generated[11:], real[7:])):
        metric.update(few, real=False)
        metric.update(many, real=True)
    one.merge_state(other)
    assert float(one.compute()) == pytest.approx(kernel_distance(generated, real), rel=1e-12)


def test_it_needs_two_images_of_known_features() -> None:
    metric = KernelDistance(3)
    metric.update(normal(2, 3), real=True)
    with complains("at least two images in each set", "got 0 generated and 2 real"):
        metric.compute()
    with complains("features must have shape (B, 3)", "(2, 4)"):
        metric.update(normal(2, 4), real=False)
    with complains("features must be finite"):
        metric.update(torch.full((2, 3), torch.nan), real=False)
