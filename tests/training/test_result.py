"""What a training returns, and starting one from Python."""

from __future__ import annotations

import csv
import math
import os
import signal
import threading
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from dying import DieAt
from running import TINY

from genera.cli import main
from genera.runs.run_directory import RunDirectory
from genera.training.recipe import as_words
from genera.training.result import TrainingResult
from genera.training.start import train


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(TINY, overrides={"max_epochs": 2}, out=tmp_path_factory.mktemp("runs") / "run")


def test_it_says_where_the_run_is_and_how_it_went(result: TrainingResult) -> None:
    assert result.stop_reason == "finished"
    assert result.steps == 10
    metrics = result.metrics()
    assert metrics["step"] == [float(step) for step in range(1, 11)]
    with (result.run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [str(value) for value in metrics["train/loss"]] == [row["train/loss"] for row in rows]
    validated = [value for value in metrics["validation/loss"] if not math.isnan(value)]
    assert result.best_validation == min(validated)
    assert len(validated) == 2


def test_it_loads_the_trained_model(result: TrainingResult) -> None:
    model = result.load()
    assert not model.training
    assert model.sample(3).shape == (3, 1, 8, 8)


def test_a_notebook_shows_a_table_and_samples(result: TrainingResult) -> None:
    shown = result._repr_html_()
    assert "<td>10</td>" in shown
    assert "finished" in shown
    assert 'src="data:image/png;base64,' in shown


def test_settings_by_name_are_those_of_the_command(tmp_path: Path) -> None:
    settings = {"max_steps": 2, "task.optimizer.lr": 0.5, "probes": None, "budget": "1h", "precision": "32-true"}
    assert as_words({"max_steps": 2, "probes": None}) == ["--max_steps=2", "--probes=null"]
    train(TINY, overrides=settings, out=tmp_path / "python")
    words = [
        text for name, value in settings.items() for text in (f"--{name}", "null" if value is None else str(value))
    ]
    assert main(["train", TINY, "--out", str(tmp_path / "command"), *words]) == 0
    one, other = (RunDirectory(tmp_path / name).read_config() for name in ("python", "command"))
    assert one == other
    assert one["task"]["init_args"]["optimizer"]["init_args"]["lr"] == 0.5


def test_a_wrong_setting_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown setting 'max_stepz'.*did you mean max_steps"):
        train(TINY, overrides={"max_stepz": 2}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_signal_is_the_reason_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(trainer: pl.Trainer, *arguments: Any, fit: Any = pl.Trainer.fit, **options: Any) -> None:
        trainer.callbacks.insert(1, DieAt(3, "SIGINT"))  # type: ignore[attr-defined]
        fit(trainer, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pl.Trainer, "fit", interrupt)
        stopped = train(TINY, overrides={"max_epochs": 1}, out=tmp_path / "run")
    assert (stopped.stop_reason, stopped.steps) == ("SIGINT", 3)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed = train(resume=tmp_path / "run")
    assert (resumed.stop_reason, resumed.steps) == ("finished", 5)


def test_it_trains_in_a_thread_and_twice_in_one_process(result: TrainingResult, tmp_path: Path) -> None:
    found: list[TrainingResult] = []
    working_directory, environment = Path.cwd(), dict(os.environ)

    def start() -> None:
        found.append(train(TINY, overrides={"max_epochs": 2}, out=tmp_path / "run"))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    (again,) = found
    assert again.best_validation == result.best_validation
    weights = [one.load().state_dict() for one in (result, again)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert (Path.cwd(), dict(os.environ)) == (working_directory, environment)


def test_a_callback_is_a_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, *arguments: Any) -> None:
            trainer.should_stop = trainer.should_stop or trainer.global_step == 3

    def stop(trainer: pl.Trainer, *arguments: Any, fit: Any = pl.Trainer.fit, **options: Any) -> None:
        trainer.callbacks.insert(1, Stop())  # type: ignore[attr-defined]
        fit(trainer, *arguments, **options)

    monkeypatch.setattr(pl.Trainer, "fit", stop)
    result = train(TINY, overrides={"max_epochs": 2}, out=tmp_path / "run")
    assert (result.stop_reason, result.steps) == ("callback", 3)
    assert math.isfinite(result.metrics()["validation/loss"][-1])
