"""Killed, stopped and finished runs resume exactly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from dying import dying
from running import TINY, checkpoint_of, genera, losses

from genera.cli import main
from genera.runs.checkpoints import _digest
from genera.runs.run_directory import RunDirectory


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert main(["train", TINY, "--out", str(run)]) == 0
    return run


# Before the first step; five make an epoch, so 8 is in mid-epoch, and 10 is the step that ends one and validates.
@pytest.mark.parametrize("step", [0, 8, 10])
def test_a_killed_run_resumes_to_the_losses_of_an_uninterrupted_one(
    uninterrupted: Path, tmp_path: Path, step: int
) -> None:
    run = tmp_path / "killed"
    killed = genera("train", TINY, "--out", str(run), "--checkpoint_every", "0.001s", *dying(step, "SIGKILL"))
    assert killed.returncode == -9
    if step:
        assert losses(run) == [row for row in losses(uninterrupted) if int(row["step"]) < step]
    else:
        # There is no table before its first row.
        assert not (run / "metrics.csv").exists()
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(run) == losses(uninterrupted)
    assert (run / "model.safetensors").read_bytes() == (uninterrupted / "model.safetensors").read_bytes()


def test_two_runs_of_one_seed_are_identical_and_another_seed_differs(uninterrupted: Path, tmp_path: Path) -> None:
    assert main(["train", TINY, "--out", str(tmp_path / "same")]) == 0
    assert main(["train", TINY, "--out", str(tmp_path / "other"), "--seed", "1"]) == 0
    assert losses(tmp_path / "same") == losses(uninterrupted)
    assert losses(tmp_path / "other") != losses(uninterrupted)


@pytest.mark.parametrize(("signal_name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_stops_with_a_checkpoint(uninterrupted: Path, tmp_path: Path, signal_name: str, code: int) -> None:
    run = tmp_path / "stopped"
    stopped = genera("train", TINY, "--out", str(run), *dying(7, signal_name))
    assert stopped.returncode == code
    assert f"genera train --resume {run}" in stopped.stderr
    assert checkpoint_of(run)["global_step"] == 7
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(run) == losses(uninterrupted)


def test_cudnn_is_deterministic_during_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs with the same seed need it on a GPU; elsewhere it has no effect."""
    values = []

    def fit(trainer: pl.Trainer, *arguments: object, fit=pl.Trainer.fit, **options: object) -> None:
        values.append(torch.backends.cudnn.deterministic)
        fit(trainer, *arguments, **options)

    monkeypatch.setattr(pl.Trainer, "fit", fit)
    before = torch.backends.cudnn.deterministic
    assert main(["train", TINY, "--max_steps", "1", "--out", str(tmp_path / "run")]) == 0
    assert values == [True]
    assert torch.backends.cudnn.deterministic == before


def test_plateau_resumes_exactly(tmp_path: Path) -> None:
    plateau = ("--task.schedule", "null", "--task.plateau", "torch.optim.lr_scheduler.ReduceLROnPlateau")
    often = ("--task.plateau.patience", "0", "--task.plateau.threshold", "0.5", "--checkpoint_every", "0.001s")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main(["train", TINY, "--out", str(whole), *plateau, *often]) == 0
    assert genera("train", TINY, "--out", str(cut), *plateau, *often, *dying(12, "SIGKILL")).returncode == -9
    assert main(["train", "--resume", str(cut), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(cut) == losses(whole)
    assert len({row["train/learning_rate"] for row in losses(whole)} - {""}) > 1


def test_a_finished_run_can_be_continued(tmp_path: Path, tiny_run: Path, failing: Callable[..., str]) -> None:
    assert "is finished" in failing("train", "--resume", str(tiny_run))
    assert main(["train", "--resume", str(tiny_run), "--max_epochs", "2"]) == 0
    assert losses(tiny_run)[-1]["step"] == "10"
    assert RunDirectory.open(tiny_run).read_config()["max_epochs"] == 2


def test_settings_of_another_training_are_rejected(tiny_run: Path, failing: Callable[..., str]) -> None:
    assert "cannot change batch_size" in failing("train", "--resume", str(tiny_run), "--batch_size", "64")
    assert "cannot change data" in failing("train", "--resume", str(tiny_run), "--data", "shapes")


def test_missing_and_damaged_runs(tiny_run: Path, tmp_path: Path, failing: Callable[..., str]) -> None:
    more = ("--max_epochs", "2")
    assert "no run directory" in failing("train", "--resume", str(tmp_path / "nowhere"))
    (tmp_path / "foreign").mkdir()
    assert "not a run directory" in failing("train", "--resume", str(tmp_path / "foreign"))
    checkpoint = tiny_run / "checkpoints" / "last.ckpt"
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: len(content) // 2])
    assert f"{checkpoint} is damaged" in failing("train", "--resume", str(tiny_run), *more)
    checkpoint.unlink()
    assert "no checkpoint" in failing("train", "--resume", str(tiny_run), *more)
    (tiny_run / "config.yaml").write_text("model: [")
    assert "not valid YAML" in failing("train", "--resume", str(tiny_run), *more)
    # Existing files are kept.
    assert (tiny_run / "model.safetensors").stat().st_size > 0
    assert losses(tiny_run)[-1]["step"] == "5"


def test_a_run_with_other_images_is_rejected(tiny_run: Path, failing: Callable[..., str]) -> None:
    run = RunDirectory.open(tiny_run)
    config = run.read_config()
    run.write_config(config | {"spec": {**config["spec"], "height": 9}})
    assert "was trained on images" in failing("train", "--resume", str(tiny_run), "--max_epochs", "2")
    config["images"]["train"]["count"] += 1
    run.write_config(config)
    message = failing("train", "--resume", str(tiny_run), "--max_epochs", "2")
    assert "train: 1440 images with digest" in message
    assert "now 1439 images with digest" in message
    del config["images"]
    run.write_config(config)
    assert "without a record of its images" in failing("train", "--resume", str(tiny_run), "--max_epochs", "2")


def test_a_checkpoint_of_another_model_or_training_is_rejected(
    tiny_run: Path, tmp_path: Path, failing: Callable[..., str]
) -> None:
    more = ("--max_epochs", "2")
    config, environment = tiny_run / "config.yaml", tiny_run / "environment.json"
    settings, before = config.read_text(), environment.read_text()
    config.write_text(settings.replace("width: 4", "width: 5"))
    assert "is of another training, it differs in model" in failing("train", "--resume", str(tiny_run), *more)
    config.write_text(settings)
    # The same shapes with other settings.
    for number, (options, differing) in enumerate(
        [
            (("--seed", "1", "--batch_size", "128"), "batch_size, seed"),
            (("--task.optimizer.lr", "0.5"), "task"),
            (("--task.optimizer", "torch.optim.AdamW"), "task"),
        ]
    ):
        other = tmp_path / f"other-{number}"
        assert main(["train", TINY, "--out", str(other), "--max_epochs", "1", *options]) == 0
        (tiny_run / "checkpoints" / "last.ckpt").write_bytes((other / "checkpoints" / "last.ckpt").read_bytes())
        message = failing("train", "--resume", str(tiny_run), *more)
        assert f"is of another training, it differs in {differing}: restore" in message
    assert environment.read_text() == before


def first_weight(content: dict[str, Any]) -> torch.Tensor:
    return next(value for value in content["state_dict"].values() if value.is_floating_point())


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: content.pop(name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("genera"), "not a checkpoint of this version of Genera (schema 2)"),
        (lambda c: c["genera"].update(schema=0), "not a checkpoint of this version of Genera (schema 2)"),
        (without("optimizer_states"), "it lacks optimizer_states"),
        (without("state_dict"), "it lacks state_dict"),
        (without("loops"), "it lacks loops"),
        (without("callbacks"), "it lacks callbacks"),
        (lambda c: c["callbacks"].pop("AfterStep"), "it lacks AfterStep"),
        (lambda c: c.update(global_step="5"), "it lacks global_step"),
        (lambda c: c["optimizer_states"][0]["state"].clear(), "content is not what was saved"),
        (lambda c: c["callbacks"]["AfterStep"]["validation"].update(best=0.0), "content is not what was saved"),
        (lambda c: first_weight(c).fill_(float("nan")), "content is not what was saved"),
        (lambda c: c["state_dict"].popitem(), "content is not what was saved"),
        (lambda c: c.clear(), "not a checkpoint of this version of Genera"),
    ],
)
def test_a_damaged_checkpoint_is_rejected(
    damage: Callable[[dict[str, Any]], object],
    message: str,
    trained: Path,
    tmp_path: Path,
    failing: Callable[..., str],
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    content = checkpoint_of(run)
    damage(content)
    torch.save(content, run / "checkpoints" / "last.ckpt")
    assert message in failing("train", "--resume", str(run), "--max_epochs", "2")


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c["callbacks"].update(Clock=None),
        lambda c: c["callbacks"]["Clock"].update(seconds="x"),
        lambda c: c["callbacks"]["Clock"].update(seconds=float("nan")),
        lambda c: c["callbacks"]["AfterStep"].update(metrics={}),
        lambda c: c["callbacks"]["AfterStep"].update(validation={}),
        lambda c: c["callbacks"]["AfterStep"]["validation"].update(best="x"),
        lambda c: c["callbacks"]["AfterStep"].update(sample_probes=3),
        lambda c: c["loops"].clear(),
        lambda c: c["loops"].update(fit_loop={}),
        lambda c: c["optimizer_states"].clear(),
        lambda c: c.update(optimizer_states=[{}]),
        lambda c: c.update(optimizer_states=[None]),
        lambda c: c.update(global_step=-1),
        lambda c: c.update({"pytorch-lightning_version": "0.0.1"}),
    ],
)
def test_a_damaged_checkpoint_with_a_matching_digest_is_rejected(
    damage: Callable[[dict[str, Any]], object], trained: Path, tmp_path: Path, failing: Callable[..., str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    content = checkpoint_of(run)
    label = content.pop("genera")
    damage(content)
    torch.save({**content, "genera": {**label, "digest": _digest(content)}}, run / "checkpoints" / "last.ckpt")
    assert f"{run / 'checkpoints' / 'last.ckpt'} " in failing("train", "--resume", str(run), "--max_epochs", "2")


def test_a_kill_while_saving_loses_nothing(uninterrupted: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert genera("train", TINY, "--out", str(run), *dying(8, "SIGTERM")).returncode == 143
    # The temporary file of a process that was killed while saving.
    (run / "checkpoints" / ".last.abc123.ckpt").write_bytes(b"half a checkpoint")
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(run) == losses(uninterrupted)
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["last.ckpt"]
