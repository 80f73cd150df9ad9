"""Precision, recall, density and coverage against the package of their authors, and by hand."""

from __future__ import annotations

import pytest
import torch
from cases import complains, normal
from prdc import compute_prdc
from torch import Tensor

from genera.evaluation.metrics import Neighbourhood, Neighbourhoods


def neighbourhoods(generated: Tensor, real: Tensor, *, num_neighbours: int = 5) -> Neighbourhood:
    metric = Neighbourhoods(generated.shape[1], num_neighbours=num_neighbours)
    for part in generated.split(500):
        metric.update(part, real=False)
    metric.update(real, real=True)
    return metric.compute()


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


def test_processes_merge_their_features() -> None:
    generated, real = normal(40, 2), normal(50, 2, seed=2)
    one, other = Neighbourhoods(2), Neighbourhoods(2)
    for metric, few, many in ((one, generated[:11], real[:7]), (other, generated[11:], real[7:])):
        metric.update(few, real=False)
        metric.update(many, real=True)
    one.merge_state(other)
    assert one.compute() == neighbourhoods(generated, real)


def test_they_refuse_invalid_input() -> None:
    metric = Neighbourhoods(3)
    metric.update(normal(5, 3), real=True)
    metric.update(normal(9, 3), real=False)
    with complains("need more images", "got 9 generated and 5 real"):
        metric.compute()
    with complains("features must have shape (B, 3)", "(2, 4)"):
        metric.update(normal(2, 4), real=True)
    with complains("num_neighbours must be at least 1", "got 0"):
        Neighbourhoods(3, num_neighbours=0)
