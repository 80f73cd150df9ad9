from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from cases import SCHEDULES, complains

from genera.core import Constant, Cosine, ExponentialDecay, FallingCycles, Progress, RisingCycles, Schedule, Warmup


def whole_training(epochs: int = 10, steps_per_epoch: int = 20) -> Iterator[Progress]:
    """The progress before every step of a training, and after the last."""
    for step in range(epochs * steps_per_epoch + 1):
        yield Progress(step, step / steps_per_epoch, step / (epochs * steps_per_epoch), epochs)


def at(fraction: float) -> Progress:
    return Progress(step=0, epoch=0.0, fraction=fraction)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_a_pure_function_of_progress(name: str) -> None:
    schedule, fresh = SCHEDULES[name](), SCHEDULES[name]()
    forwards = [schedule(progress) for progress in whole_training()]
    assert [fresh(progress) for progress in reversed(list(whole_training()))] == forwards[::-1]
    assert all(isinstance(value, float) and math.isfinite(value) for value in forwards)
    assert all(0 <= value <= 1 for value in forwards)


def test_constant_is_constant() -> None:
    assert {Constant(0.3)(progress) for progress in whole_training()} == {0.3}


def test_exponential_decay_steps_once_per_whole_epoch() -> None:
    decay = ExponentialDecay(0.9)
    for progress in whole_training():
        assert decay(progress) == pytest.approx(0.9 ** (progress.step // 20))
    assert ExponentialDecay(1.0)(Progress(0, 300.0, 1.0)) == 1


def test_cosine_ends() -> None:
    assert Cosine()(at(0.0)) == 1
    assert Cosine()(at(0.5)) == pytest.approx(0.5)
    assert Cosine()(at(1.0)) == pytest.approx(0)
    assert Cosine(warmup=0.2, final=0.1)(at(0.2)) == pytest.approx(1)
    assert Cosine(warmup=0.2, final=0.1)(at(0.6)) == pytest.approx(0.55)
    assert Cosine(warmup=0.2, final=0.1)(at(1.0)) == pytest.approx(0.1)


@pytest.mark.parametrize("warmup", [0.0, 2e-4, 0.05, 0.5])
def test_cosine_rises_through_the_warm_up_then_falls(warmup: float) -> None:
    schedule = Cosine(warmup=warmup, final=0.1)
    fractions = [index / 1000 for index in range(1001)]
    rising = [schedule(at(fraction)) for fraction in fractions if fraction < warmup]
    falling = [schedule(at(fraction)) for fraction in fractions if fraction >= warmup]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert all(0 < value <= 1 for value in rising + falling)


def test_cosine_warm_up_is_linear() -> None:
    assert [Cosine(warmup=0.4)(at(fraction)) for fraction in (0.1, 0.2, 0.3)] == pytest.approx([0.25, 0.5, 0.75])


@pytest.mark.parametrize("rate", [0.0, -0.5, 1.01, math.nan])
def test_a_decay_out_of_range_is_refused(rate: float) -> None:
    with complains("rate must be in (0, 1]", str(rate)):
        ExponentialDecay(rate)


@pytest.mark.parametrize("warmup", [-0.1, 1.0, 5.0, math.nan])
def test_a_warm_up_out_of_range_is_refused(warmup: float) -> None:
    with complains("warmup", "[0, 1)", str(warmup)):
        Cosine(warmup=warmup)


def test_warm_up_rises_linearly_and_stays_at_one() -> None:
    schedule = Warmup(4)
    assert [schedule(progress) for progress in whole_training()] == [
        pytest.approx(min(1, progress.epoch / 4)) for progress in whole_training()
    ]


def test_falling_cycles_match_the_report() -> None:
    """``½ + ½ cos(πp)`` with ``p = ((e - 10) mod 100) / 100``: a decay to nearly 0, then a jump to 1."""
    schedule = FallingCycles(rest=0.0)
    values = [schedule(progress) for progress in whole_training(epochs=310, steps_per_epoch=1)]
    for epoch, value in enumerate(values):
        expected = epoch / 10 if epoch < 10 else 0.5 + 0.5 * math.cos(math.pi * ((epoch - 10) % 100) / 100)
        assert value == pytest.approx(expected)
    assert values[109] < 0.001
    assert values[110] == 1


def test_falling_cycles_end_at_one() -> None:
    schedule = FallingCycles(10, 80)
    values = [schedule(progress) for progress in whole_training(epochs=100, steps_per_epoch=1)]
    assert values[89] < 0.01
    assert set(values[90:]) == {1.0}


def test_rising_cycles_rise_then_stay_at_one() -> None:
    schedule = RisingCycles(4)
    assert [schedule(at(fraction)) for fraction in (0, 1 / 16, 1 / 8, 3 / 16, 0.25, 5 / 16)] == pytest.approx(
        [0, 0.5, 1, 1, 0, 0.5]
    )
    assert schedule(at(1.0)) == 1


@pytest.mark.parametrize(
    ("schedule", "epochs"), [(Warmup(10), 10), (FallingCycles(10, 80), 100)], ids=["Warmup", "FallingCycles"]
)
def test_a_schedule_longer_than_the_training_is_refused(schedule: Schedule, epochs: int) -> None:
    schedule(Progress(0, 0.0, 0.0, num_epochs=epochs))
    with complains("does not fit into a training", f"{epochs - 1} epochs", "--max_epochs"):
        schedule(Progress(0, 0.0, 0.0, num_epochs=epochs - 1))


def test_schedule_arguments_out_of_range_are_refused() -> None:
    with complains("positive number of epochs", "0"):
        Warmup(0)
    with complains("warmup and period", "-1"):
        FallingCycles(10, -1)
    with complains("rest", "[0, 1)", "1.0"):
        FallingCycles(rest=1.0)
    with complains("num_cycles", "0"):
        RisingCycles(0)
    with complains("rise", "(0, 1]", "0"):
        RisingCycles(rise=0.0)
