"""How long a training is."""

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
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is a positive time"):
        parse_duration(text)


def test_without_a_budget_steps_rule() -> None:
    span = Duration(steps_per_epoch=10, max_epochs=20)
    assert span.progress(50, seconds=1e9) == Progress(step=50, epoch=5.0, fraction=0.25, num_epochs=20)
    assert span.progress(200, seconds=0).fraction == 1


def test_steps_may_end_it_before_the_plan_does() -> None:
    span = Duration(steps_per_epoch=10, max_epochs=20, max_steps=40)
    half = span.progress(20, seconds=0)
    assert half.fraction == 0.1
    assert span.share_done(half) == 0.5
    assert not span.is_over(span.progress(39, seconds=0))
    assert span.is_over(span.progress(40, seconds=0))
    assert Duration(steps_per_epoch=10, max_epochs=2, max_steps=40).share_done(Progress(15, 1.5, 0.75)) == 0.75


def test_a_budget_squeezes_the_planned_epochs_into_the_time_given() -> None:
    span = Duration(steps_per_epoch=10, max_epochs=20, budget=60)
    assert span.progress(3, seconds=15) == Progress(step=3, epoch=5.0, fraction=0.25, num_epochs=20)
    assert span.progress(10_000, seconds=59).fraction < 1
    assert span.progress(3, seconds=61).fraction == 1


@pytest.mark.parametrize(("reserve", "end"), [(10, 50), (30, 30), (45, 30)])
def test_schedules_end_before_what_is_reserved_of_a_budget_at_most_half_of_it(reserve: float, end: float) -> None:
    span = Duration(steps_per_epoch=10, max_epochs=20, budget=60)
    assert span.progress(3, seconds=end / 2, reserve=reserve) == Progress(
        step=3, epoch=10.0, fraction=0.5, num_epochs=20
    )
    assert not span.is_over(span.progress(3, seconds=end - 1, reserve=reserve))
    assert span.is_over(span.progress(3, seconds=end, reserve=reserve))
    assert Duration(10, 20).progress(50, seconds=1e9, reserve=reserve).fraction == 0.25


def test_max_steps_cuts_a_training_short_and_leaves_its_schedules_alone() -> None:
    span = Duration(10, 20, max_steps=40)
    assert span.progress(40, seconds=0) == Progress(step=40, epoch=4.0, fraction=0.2, num_epochs=20)
    assert span.is_over(span.progress(40, seconds=0))
    assert not span.is_over(span.progress(39, seconds=0))
    with_budget = Duration(10, 20, max_steps=40, budget=60)
    assert with_budget.is_over(with_budget.progress(40, seconds=1))
    assert with_budget.is_over(with_budget.progress(3, seconds=61))


@pytest.mark.parametrize("name", ["max_epochs", "max_steps", "budget"])
def test_extents_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, got 0"):
        Duration(**({"steps_per_epoch": 10, "max_epochs": 20} | {name: 0}))
