"""What the pictures of a comparison are drawn from."""

from __future__ import annotations

import numpy as np

from genera.reporting.comparison_figures import course_figures, frontier


def test_the_frontier_is_of_those_that_none_beats_in_both() -> None:
    points = [(3.0, 1.0), (1.0, 5.0), (2.0, 5.0), (2.0, 2.0), (4.0, 1.0)]
    # The third is as good as the second and costs more, the last as good as the first.
    assert frontier(points) == [1, 3, 0]
    assert frontier([]) == []


def test_courses_stand_against_the_time_of_the_processor() -> None:
    density = {
        1: {"cpu_seconds": 60.0, "seconds": 30.0, "validation/loss": 9.0, "validation/bits_per_dim": 3.0},
        2: {"cpu_seconds": 120.0, "seconds": 50.0, "validation/loss": 8.0, "validation/bits_per_dim": 2.0},
    }
    other = {1: {"cpu_seconds": 30.0, "validation/loss": 7.0}, 2: {"cpu_seconds": 90.0, "validation/loss": 6.0}}
    untimed = {1: {"validation/loss": 5.0}}
    figures = [figure for _, figure in course_figures({"density": density, "other": other, "untimed": untimed})]
    bits, loss = (figure.axes[0] for figure in figures)
    assert bits.get_ylabel() == "validation bits/dim"
    np.testing.assert_allclose(bits.get_lines()[0].get_xydata(), [[1, 3], [2, 2]])
    # Neither nats of what has bits/dim, nor a course whose time is not known.
    assert [line.get_label() for line in loss.get_lines()] == ["other"]
    np.testing.assert_allclose(loss.get_lines()[0].get_xydata(), [[0.5, 7], [1.5, 6]])
