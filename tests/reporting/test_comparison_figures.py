"""The data of the pictures of a comparison."""

from __future__ import annotations

import numpy as np

from genera.reporting.comparison_figures import learning_curve_figures, pareto_frontier


def test_the_pareto_frontier() -> None:
    points = [(3.0, 1.0), (1.0, 5.0), (2.0, 5.0), (2.0, 2.0), (4.0, 1.0)]
    # The third equals the second in one value and is worse in the other, as is the last compared with the first.
    assert pareto_frontier(points) == [1, 3, 0]
    assert pareto_frontier([]) == []


def test_learning_curves_are_plotted_against_cpu_time() -> None:
    density = {
        1: {"cpu_seconds": 60.0, "seconds": 30.0, "validation/loss": 9.0, "validation/bits_per_dim": 3.0},
        2: {"cpu_seconds": 120.0, "seconds": 50.0, "validation/loss": 8.0, "validation/bits_per_dim": 2.0},
    }
    other = {1: {"cpu_seconds": 30.0, "validation/loss": 7.0}, 2: {"cpu_seconds": 90.0, "validation/loss": 6.0}}
    untimed = {1: {"validation/loss": 5.0}}
    figures = [figure for _, figure in learning_curve_figures({"density": density, "other": other, "untimed": untimed})]
    bits, loss = (figure.axes[0] for figure in figures)
    assert bits.get_ylabel() == "validation bits/dim"
    np.testing.assert_allclose(bits.get_lines()[0].get_xydata(), [[1, 3], [2, 2]])
    # Without models that have bits/dim, and without tables that have no CPU time.
    assert [line.get_label() for line in loss.get_lines()] == ["other"]
    np.testing.assert_allclose(loss.get_lines()[0].get_xydata(), [[0.5, 7], [1.5, 6]])
