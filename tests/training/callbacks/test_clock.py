"""A budget is kept: with the last validation, whatever steps and validations take."""

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
    """Time that passes only where a test lets it."""

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
    """Train with steps and validations that take so many seconds; how many steps there were."""

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


# Five steps make an epoch, after which a validation is due; its one batch is a third of a step before it is measured.
@pytest.mark.parametrize(
    ("budget", "step", "validation", "steps", "seconds"),
    [
        # Before any validation: after a fourth step a fifth would still fit, but not the validation.
        ("50s", 10, 4, 4, 44),
        # One after the fifth step took 25 s: with it, no step fits after the twelfth.
        ("200s", 10, 25, 12, 195),
        # The validation that is due after the tenth is the last: another step and validation would not fit.
        ("160s", 10, 25, 10, 150),
        # The one after the fifth step took all there was: it is the last.
        ("60s", 4, 50, 5, 70),
        # Half of the budget is for steps, whatever else takes how long.
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


def test_a_budget_that_was_not_used_up_is_over_all_the_same(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failing: Callable[..., str]
) -> None:
    run = tmp_path / "run"
    assert training(clock, monkeypatch, run, budget="50s", step=10, validation=4) == 4
    assert "is finished (4 steps in 44 s of 50 s)" in failing("train", "--resume", str(run))


@pytest.mark.parametrize(
    ("budget", "validation", "options", "said"),
    [
        ("20s", 4, "", "a step takes 10 s and the last validation about 3.33 s"),
        ("200s", 500, "", "a step takes 10 s and the last validation about 500 s"),
        # As soon as it can be seen, before the end: of 18 batches.
        ("120s", 60, "--batch_size 10 --max_steps 5", "a step takes 10 s and the last validation about 60 s"),
        ("100s", 4, "", ""),
        ("100s", 4, "--max_steps 2", ""),
    ],
)
def test_a_budget_that_is_short_is_said_to_be(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    budget: str,
    validation: float,
    options: str,
    said: str,
) -> None:
    training(clock, monkeypatch, tmp_path / "run", *options.split(), budget=budget, step=10, validation=validation)
    printed = capsys.readouterr().err
    assert printed.count("is short for this training") == bool(said)
    assert said in printed
