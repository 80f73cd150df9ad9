"""Precision, recall, density and coverage against the package of their authors, and by hand."""

from __future__ import annotations

import pytest
import torch
from cases import complains, normal
from prdc import compute_prdc
from torch import Tensor

from genera.evaluation.metrics import Neighbourhood, Neighbourhoods


def neighbourhoods(drawn: Tensor, real: Tensor, *, num_neighbours: int = 5) -> Neighbourhood:
    metric = Neighbourhoods(drawn.shape[1], num_neighbours=num_neighbours)
    for part in drawn.split(500):
        metric.update(part, real=False)
    metric.update(real, real=True)
    return metric.compute()


@pytest.mark.parametrize("shift", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("num_neighbours", [1, 5])
def test_they_are_those_of_prdc(shift: float, num_neighbours: int) -> None:
    """Far from the origin as well, where squares cancel."""
    drawn, real = 0.8 * normal(1300, 6) + shift + 0.5, normal(1500, 6, seed=2) + shift
    theirs = compute_prdc(real.numpy(), drawn.numpy(), num_neighbours)
    found = neighbourhoods(drawn, real, num_neighbours=num_neighbours)._asdict()
    assert {name: float(value) for name, value in found.items()} == pytest.approx(theirs, abs=1e-4)


def test_points_on_a_line() -> None:
    """Real images at 0, 1, 3 and 6 have balls of radius 1, 1, 2 and 3; those of the draws, of 0.2, 0.2 and 8.7."""
    real, drawn = torch.tensor([[0.0], [1.0], [3.0], [6.0]]), torch.tensor([[0.1], [0.3], [9.0]])
    found = neighbourhoods(drawn, real, num_neighbours=1)
    assert found.precision == pytest.approx(2 / 3)  # 9 lies at the edge of the last ball, which is open
    assert found.recall == 1  # the draw at 9 reaches as far as 0.3
    assert found.density == pytest.approx((2 + 2 + 0) / 3)
    assert found.coverage == pytest.approx(2 / 4)


def test_a_set_among_others_like_it() -> None:
    real, drawn = normal(800, 3), normal(800, 3, seed=2)
    found = neighbourhoods(drawn, real)
    assert float(found.density) == pytest.approx(1, abs=0.1)
    # Each of k neighbours is a draw with probability one half.
    assert float(found.coverage) == pytest.approx(1 - 2**-5, abs=0.03)
    one_mode = neighbourhoods(0.01 * drawn, real)
    assert one_mode.recall < 0.05
    assert one_mode.coverage < 0.2
    assert one_mode.precision > 0.95


def test_processes_put_their_features_together() -> None:
    drawn, real = normal(40, 2), normal(50, 2, seed=2)
    one, other = Neighbourhoods(2), Neighbourhoods(2)
    for metric, few, many in ((one, drawn[:11], real[:7]), (other, drawn[11:], real[7:])):
        metric.update(few, real=False)
        metric.update(many, real=True)
    one.merge_state(other)
    assert one.compute() == neighbourhoods(drawn, real)


def test_what_they_refuse() -> None:
    metric = Neighbourhoods(3)
    metric.update(normal(5, 3), real=True)
    metric.update(normal(9, 3), real=False)
    with complains("need more images", "got 9 drawn and 5 real"):
        metric.compute()
    with complains("features must have shape (B, 3)", "(2, 4)"):
        metric.update(normal(2, 4), real=True)
    with complains("num_neighbours must be at least 1", "got 0"):
        Neighbourhoods(3, num_neighbours=0)
