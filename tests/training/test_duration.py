"""Durations, time budgets and progress."""

from __future__ import annotations

import pytest

from genera.core import Progress
from genera.training.duration import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("0.5m", 30), ("2d", 172800)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "20", "m", "20 m", "-5m", "0s", "5m later"])
def test_invalid_durations_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is a positive time"):
        parse_duration(text)


def test_without_a_budget_progress_is_measured_in_steps() -> None:
    duration = Duration(steps_per_epoch=10, max_epochs=20)
    assert duration.progress(50, seconds=1e9) == Progress(step=50, epoch=5.0, fraction=0.25, num_epochs=20)
    assert duration.progress(200, seconds=0).fraction == 1


def test_max_steps_ends_a_training_before_its_schedules() -> None:
    duration = Duration(steps_per_epoch=10, max_epochs=20, max_steps=40)
    half = duration.progress(20, seconds=0)
    assert half.fraction == 0.1
    assert duration.fraction_done(half) == 0.5
    assert not duration.is_over(duration.progress(39, seconds=0))
    assert duration.is_over(duration.progress(40, seconds=0))
    assert Duration(steps_per_epoch=10, max_epochs=2, max_steps=40).fraction_done(Progress(15, 1.5, 0.75)) == 0.75


def test_a_budget_scales_schedules_to_its_time() -> None:
    duration = Duration(steps_per_epoch=10, max_epochs=20, budget=60)
    assert duration.progress(3, seconds=15) == Progress(step=3, epoch=5.0, fraction=0.25, num_epochs=20)
    assert duration.progress(10_000, seconds=59).fraction < 1
    assert duration.progress(3, seconds=61).fraction == 1


@pytest.mark.parametrize(("reserve", "end"), [(10, 50), (30, 30), (45, 30)])
def test_schedules_end_before_the_reserve_of_at_most_half_a_budget(reserve: float, end: float) -> None:
    duration = Duration(steps_per_epoch=10, max_epochs=20, budget=60)
    assert duration.progress(3, seconds=end / 2, reserve=reserve) == Progress(
        step=3, epoch=10.0, fraction=0.5, num_epochs=20
    )
    assert not duration.is_over(duration.progress(3, seconds=end - 1, reserve=reserve))
    assert duration.is_over(duration.progress(3, seconds=end, reserve=reserve))
    assert Duration(10, 20).progress(50, seconds=1e9, reserve=reserve).fraction == 0.25


def test_max_steps_stops_a_training_and_leaves_its_schedules() -> None:
    duration = Duration(10, 20, max_steps=40)
    assert duration.progress(40, seconds=0) == Progress(step=40, epoch=4.0, fraction=0.2, num_epochs=20)
    assert duration.is_over(duration.progress(40, seconds=0))
    assert not duration.is_over(duration.progress(39, seconds=0))
    with_budget = Duration(10, 20, max_steps=40, budget=60)
    assert with_budget.is_over(with_budget.progress(40, seconds=1))
    assert with_budget.is_over(with_budget.progress(3, seconds=61))


@pytest.mark.parametrize("name", ["max_epochs", "max_steps", "budget"])
def test_limits_must_be_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, got 0"):
        Duration(**({"steps_per_epoch": 10, "max_epochs": 20} | {name: 0}))
