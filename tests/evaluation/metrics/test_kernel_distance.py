"""The kernel distance against a sum over all pairs, and its mean for equal distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import complains, normal
from sklearn.metrics.pairwise import polynomial_kernel

from genera.evaluation.metrics.kernel_distance import kernel_distance, mean_kernel


@pytest.mark.parametrize(("count", "other"), [(600, 700), (2, 5)])
def test_it_equals_the_unbiased_mean_over_pairs(count: int, other: int) -> None:
    generated, real = normal(count, 4), 1 + 2 * normal(other, 4, seed=2)
    within = []
    for features in (generated.numpy(), real.numpy()):
        kernel = polynomial_kernel(features, degree=3, gamma=1 / 4, coef0=1)
        np.fill_diagonal(kernel, 0)
        within.append(kernel.sum() / (len(features) * (len(features) - 1)))
    across = polynomial_kernel(generated.numpy(), real.numpy(), degree=3, gamma=1 / 4, coef0=1).mean()
    assert float(kernel_distance(generated, real)) == pytest.approx(sum(within) - 2 * across, rel=1e-9)
    assert float(kernel_distance(real, generated)) == pytest.approx(float(kernel_distance(generated, real)), rel=1e-9)


def test_float32_features_are_precise_enough() -> None:
    """Also where products are large and sets are close: rounding errors must not dominate the distance."""
    generated, real = 5 + normal(900, 8), 5 + 1.1 * normal(800, 8, seed=2)
    expected = float(kernel_distance(generated, real))
    assert float(kernel_distance(generated.float(), real.float())) == pytest.approx(expected, rel=1e-4)


def test_halves_of_one_set_have_distance_zero_on_average() -> None:
    distances = [float(kernel_distance(*normal(200, 3, seed=seed).split(100))) for seed in range(60)]
    assert min(distances) < 0 < max(distances)
    assert abs(np.mean(distances)) < 3 * np.std(distances) / len(distances) ** 0.5


def test_it_grows_with_a_shift() -> None:
    real = normal(300, 3)
    near, far = (kernel_distance(shift + normal(300, 3, seed=2), real) for shift in (0.3, 1.0))
    assert 0 < near < far


def test_a_known_mean_kernel_makes_no_difference() -> None:
    generated, real = normal(600, 4), 1 + 2 * normal(1200, 4, seed=2)
    known = kernel_distance(generated, real, real_kernel=mean_kernel(real))
    assert float(known) == float(kernel_distance(generated, real))


def test_it_refuses_invalid_features() -> None:
    real = normal(2, 3)
    with complains("at least 2 images in each set", "got 0 generated and 2 real"):
        kernel_distance(normal(0, 3), real)
    with complains("features must have shape (N, F)", "(2, 4) and (2, 3)"):
        kernel_distance(normal(2, 4), real)
    with complains("features must be finite"):
        kernel_distance(real, torch.full((2, 3), torch.nan))
