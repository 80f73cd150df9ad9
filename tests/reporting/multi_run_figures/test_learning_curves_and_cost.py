"""The data of the figures of a comparison."""

from __future__ import annotations

import numpy as np

from genera.reporting.comparison import Comparison, Row
from genera.reporting.multi_run_figures.learning_curves import learning_curves
from genera.reporting.multi_run_figures.quality_and_cost import pareto_frontier, quality_and_cost


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
    drawings = list(learning_curves({"density": density, "other": other, "untimed": untimed}))
    assert [drawing.title for drawing in drawings] == [
        "validation bits/dim against CPU time",
        "validation loss, nats against CPU time",
    ]
    bits, loss = (drawing.draw().axes[0] for drawing in drawings)
    assert bits.get_ylabel() == "validation bits/dim"
    np.testing.assert_allclose(bits.get_lines()[0].get_xydata(), [[1, 3], [2, 2]])
    # Without models that have bits/dim, and without tables that have no CPU time.
    assert [line.get_label() for line in loss.get_lines()] == ["other"]
    np.testing.assert_allclose(loss.get_lines()[0].get_xydata(), [[0.5, 7], [1.5, 6]])


def row(name: str, quality: float, *, speed: float, seconds: float | None) -> Row:
    measures = {"fd[random]": {"value": quality}, "samples_per_second": {"value": speed}}
    return Row(name, "", measures, {}, {} if seconds is None else {"cpu_seconds": seconds})


def test_quality_is_plotted_against_both_costs() -> None:
    rows = [row("fast", 9.0, speed=100.0, seconds=60.0), row("slow", 2.0, speed=10.0, seconds=None)]
    rows.append(row("worse", 10.0, speed=50.0, seconds=90.0))
    speed, training = quality_and_cost(Comparison("data", "test", rows, images=""))
    axes = speed.draw().axes[0]
    frontier, *points = axes.get_lines()
    # More samples per second are better.
    assert frontier.get_xydata().tolist() == [[100, 9], [10, 2]]
    assert [line.get_xydata().tolist() for line in points] == [[[100, 9]], [[10, 2]], [[50, 10]]]
    assert [text.get_text() for text in axes.texts] == ["fast", "slow", "worse"]
    # A model without a recorded cost is omitted.
    assert [text.get_text() for text in training.draw().axes[0].texts] == ["fast", "worse"]
    assert not list(quality_and_cost(Comparison("data", "test", [], images="")))
