"""Precision, recall, density and coverage against the package of their authors, and by hand."""

from __future__ import annotations

import pytest
import torch
from cases import complains, normal
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

from genera.evaluation.metrics.neighbourhoods import neighbourhoods, squared_radii


@pytest.mark.parametrize("shift", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("num_neighbours", [1, 5])
def test_they_equal_those_of_prdc(shift: float, num_neighbours: int) -> None:
    """Also far from the origin, where differences of squares lose precision."""
    generated, real = 0.8 * normal(1300, 6) + shift + 0.5, normal(1500, 6, seed=2) + shift
    expected = compute_prdc(real.numpy(), generated.numpy(), num_neighbours)
    result = neighbourhoods(generated, real, num_neighbours=num_neighbours)._asdict()
    assert {name: float(value) for name, value in result.items()} == pytest.approx(expected, abs=1e-4)


def test_points_on_a_line() -> None:
    """Real images at 0, 1, 3 and 6 have balls of radius 1, 1, 2 and 3; generated images 0.2, 0.2 and 8.7."""
    real, generated = torch.tensor([[0.0], [1.0], [3.0], [6.0]]), torch.tensor([[0.1], [0.3], [9.0]])
    result = neighbourhoods(generated, real, num_neighbours=1)
    assert result.precision == pytest.approx(2 / 3)  # 9 is on the edge of the last ball, which is open
    assert result.recall == 1  # the ball of the image at 9 extends to 0.3
    assert result.density == pytest.approx((2 + 2 + 0) / 3)
    assert result.coverage == pytest.approx(2 / 4)


def test_two_sets_of_equal_distribution() -> None:
    real, generated = normal(800, 3), normal(800, 3, seed=2)
    result = neighbourhoods(generated, real)
    assert float(result.density) == pytest.approx(1, abs=0.1)
    # Each of k neighbours is a generated image with probability one half.
    assert float(result.coverage) == pytest.approx(1 - 2**-5, abs=0.03)
    one_mode = neighbourhoods(0.01 * generated, real)
    assert one_mode.recall < 0.05
    assert one_mode.coverage < 0.2
    assert one_mode.precision > 0.95


@pytest.mark.parametrize("num_neighbours", [1, 5])
def test_radii_equal_distances_of_scikit_learn(num_neighbours: int) -> None:
    features = 100 + normal(1300, 6)
    distances, _ = NearestNeighbors(n_neighbors=num_neighbours + 1).fit(features.numpy()).kneighbors()
    radii = squared_radii(features, num_neighbours)
    assert radii.sqrt().tolist() == pytest.approx(distances[:, num_neighbours - 1].tolist(), rel=1e-3)


def test_known_radii_make_no_difference() -> None:
    generated, real = normal(1100, 3), normal(1200, 3, seed=2)
    assert neighbourhoods(generated, real, real_radii=squared_radii(real)) == neighbourhoods(generated, real)


def test_they_refuse_invalid_input() -> None:
    with complains("at least 6 images in each set", "got 9 generated and 5 real"):
        neighbourhoods(normal(9, 3), normal(5, 3))
    with complains("features must have shape (N, F)", "(7, 4) and (9, 3)"):
        neighbourhoods(normal(7, 4), normal(9, 3))
    with complains("features must be finite"):
        neighbourhoods(normal(9, 3), normal(9, 3) / 0)
    with complains("num_neighbours must be at least 1", "got 0"):
        neighbourhoods(normal(9, 3), normal(9, 3), num_neighbours=0)
