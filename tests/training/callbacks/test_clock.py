"""A training with its last validation stays within its budget, with any durations of steps and validations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import pytest
from running import TINY

from genera.cli import main
from genera.training.callbacks.validation import Validation
from genera.training.tasks import LossTask, Task


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.seconds = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", lambda: clock.seconds)
    return clock


def training(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    run: Path,
    *options: str,
    budget: str,
    step: float,
    validation: float,
) -> int:
    """Train with steps and validations of these durations in seconds; return the number of steps."""

    def take_step(task: LossTask, *arguments: object, take_step=LossTask.optimizer_step) -> None:
        clock.seconds += step
        take_step(task, *arguments)

    def validate(self: Validation, trainer: pl.Trainer, task: Task, validate=Validation.validate) -> None:
        clock.seconds += validation
        validate(self, trainer, task)

    with monkeypatch.context() as patch:
        patch.setattr(LossTask, "optimizer_step", take_step)
        patch.setattr(Validation, "validate", validate)
        assert main(["train", TINY, "--out", str(run), "--budget", budget, *options]) == 0
    environment = json.loads((run / "environment.json").read_text())
    assert environment["finished"] is True
    return environment["steps"]


# A validation is due after each epoch of five steps; its one batch is estimated as a third of a step.
@pytest.mark.parametrize(
    ("budget", "step", "validation", "steps", "seconds"),
    [
        # Before the first validation: a fifth step would fit, but not the validation after it.
        ("50s", 10, 4, 4, 44),
        # The first validation took 25 s; with another one, no step fits after the twelfth.
        ("200s", 10, 25, 12, 195),
        # The validation after the tenth step is the last: another step and validation would not fit.
        ("160s", 10, 25, 10, 150),
        # The first validation used up the budget, so it is the last.
        ("60s", 4, 50, 5, 70),
        # At most half of the budget is reserved.
        ("200s", 10, 500, 5, 550),
    ],
)
def test_training_stops_before_a_step_that_would_not_fit(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    budget: str,
    step: float,
    validation: float,
    steps: int,
    seconds: float,
) -> None:
    run = tmp_path / "run"
    assert training(clock, monkeypatch, run, budget=budget, step=step, validation=validation) == steps
    assert clock.seconds == seconds


def test_a_training_that_ends_before_its_budget_is_finished(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failing: Callable[..., str]
) -> None:
    run = tmp_path / "run"
    assert training(clock, monkeypatch, run, budget="50s", step=10, validation=4) == 4
    assert "is finished (4 steps in 44 s of 50 s)" in failing("train", "--resume", str(run))


@pytest.mark.parametrize(
    ("budget", "validation", "options", "message"),
    [
        ("20s", 4, "", "a step takes 10 s and the last validation about 3.33 s"),
        ("200s", 500, "", "a step takes 10 s and the last validation about 500 s"),
        # Before the end: after five steps, with an estimate for 18 batches.
        ("120s", 60, "--batch_size 10 --max_steps 5", "a step takes 10 s and the last validation about 60 s"),
        ("100s", 4, "", ""),
        ("100s", 4, "--max_steps 2", ""),
    ],
)
def test_a_warning_about_a_short_budget(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    budget: str,
    validation: float,
    options: str,
    message: str,
) -> None:
    training(clock, monkeypatch, tmp_path / "run", *options.split(), budget=budget, step=10, validation=validation)
    printed = capsys.readouterr().err
    assert printed.count("is short for this training") == bool(message)
    assert message in printed
