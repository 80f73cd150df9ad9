"""The time that is reserved for the end of a budget."""

from __future__ import annotations

import pytest

from genera.training.time_reserve import TimeReserve


def test_the_reserve_is_zero_before_the_first_measurement() -> None:
    assert TimeReserve(num_batches=9).seconds == 0


def test_a_validation_is_estimated_from_the_duration_of_a_step_until_one_is_measured() -> None:
    reserve = TimeReserve(num_batches=9)
    reserve.add_step(2)
    assert reserve.validation == pytest.approx(6)
    assert reserve.seconds == pytest.approx(8)
    reserve.add_validation(11)
    assert (reserve.validation, reserve.seconds) == (11, 13)
    reserve.add_step(2)
    assert (reserve.validation, reserve.seconds) == (11, 13)
    reserve.add_validation(12)
    assert (reserve.validation, reserve.seconds) == (12, 14)


def test_single_slow_steps_do_not_count() -> None:
    reserve = TimeReserve(num_batches=3)
    for seconds in (50, 1, 1, 40, 1):
        reserve.add_step(seconds)
    assert reserve.step == 1


def test_a_resumed_training_has_the_measurements() -> None:
    before, after = TimeReserve(num_batches=9), TimeReserve(num_batches=9)
    before.add_step(2)
    before.add_validation(11)
    after.load_state_dict(before.state_dict())
    assert after.seconds == 13
    after.add_step(3)
    assert after.seconds == 14
