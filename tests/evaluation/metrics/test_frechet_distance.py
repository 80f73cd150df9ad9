"""The Fréchet distance of Gaussians of known moments, and with scipy's matrix root."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from cases import complains, normal
from torch import Tensor

from genera.evaluation.metrics import frechet_distance


def with_moments(mean: Tensor, deviations: Tensor, *, seed: int) -> Tensor:
    """100 vectors with exactly this mean and this diagonal covariance."""
    x = normal(100, len(mean), seed=seed)
    x = x - x.mean(dim=0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    return mean + deviations * white


def test_diagonal_gaussians() -> None:
    """``‖μ_1 - μ_2‖² + ‖σ_1 - σ_2‖²``."""
    means, deviations = normal(2, 4), normal(2, 4, seed=2).exp()
    sets = [with_moments(*moments, seed=seed) for seed, moments in enumerate(zip(means, deviations, strict=True))]
    expected = (means[0] - means[1]).square().sum() + (deviations[0] - deviations[1]).square().sum()
    assert float(frechet_distance(*sets)) == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_it_equals_that_with_scipys_square_root(scale: float) -> None:
    generated = scale * (normal(60, 8) @ normal(8, 8, seed=2) + 3)
    real = scale * normal(80, 8, seed=3) @ normal(8, 8, seed=4)
    first, second = np.cov(generated.T), np.cov(real.T)
    root = scipy.linalg.sqrtm(first @ second).real
    difference = generated.mean(dim=0) - real.mean(dim=0)
    expected = float(difference.square().sum()) + np.trace(first + second - 2 * root)
    assert float(frechet_distance(generated, real)) == pytest.approx(expected, rel=1e-6)
    assert float(frechet_distance(real, generated)) == pytest.approx(expected, rel=1e-6)


def test_float32_features_are_precise_enough() -> None:
    """Also far from the origin: moments are in float64 for any dtype of features."""
    generated, real = (1e3 + normal(60, 8)).float(), (1e3 + normal(80, 8, seed=2)).float()
    distance = frechet_distance(generated, real)
    assert distance.dtype == torch.float64
    assert float(distance) == pytest.approx(float(frechet_distance(generated.double(), real.double())), rel=1e-12)


def test_the_distance_of_a_set_to_itself_is_zero() -> None:
    features = normal(50, 6) + 2
    assert float(frechet_distance(features, features.flip(0))) == pytest.approx(0, abs=1e-12)


def test_features_that_are_constant_or_linearly_dependent() -> None:
    """Covariances without full rank: rounding makes some zero eigenvalues negative."""
    features = torch.cat([normal(20, 3), 2 * normal(20, 3), torch.ones(20, 2).double()], dim=1)
    assert 0 <= float(frechet_distance(features, features)) < 1e-6
    assert float(frechet_distance(features, features + 1)) == pytest.approx(8, abs=1e-6)


def test_it_refuses_invalid_features() -> None:
    real = normal(2, 3)
    with complains("at least 2 images in each set", "got 1 generated and 2 real"):
        frechet_distance(normal(1, 3), real)
    for features in (normal(2, 4), normal(3)):
        with complains("features must have shape (N, F)", f"{tuple(features.shape)} and (2, 3)"):
            frechet_distance(features, real)
    for value in (torch.nan, torch.inf):
        with complains("features must be finite"):
            frechet_distance(real, torch.full((2, 3), value))
