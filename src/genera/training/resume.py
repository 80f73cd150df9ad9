"""Exact resume: the checkpoint a training continues from, checked before anything is restored from it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.plugins.io import TorchCheckpointIO

from genera.runs.checkpoints import CALLBACKS, read_checkpoint, write_checkpoint
from genera.runs.run_directory import RunDirectory
from genera.training.duration import Duration
from genera.training.tasks import Task


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint whole or not at all, and reads it without executing anything in it.

    Args:
        identity: of the training, as plain data: a checkpoint of another one is refused.
    """

    def __init__(self, identity: dict[str, Any]) -> None:
        super().__init__()
        self.identity = identity

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        write_checkpoint(Path(path), checkpoint, self.identity)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(Path(path), self.identity)


def checkpoint_to_resume(run: RunDirectory, duration: Duration, identity: dict[str, Any]) -> dict[str, Any]:
    """Read the last checkpoint of a run that is not over yet.

    Raises:
        ValueError: there is none, it is damaged or of another training, or the training is finished.
    """
    for unfinished in run.checkpoint.parent.glob(f".{run.checkpoint.stem}.*"):
        # A kill in the middle of saving left it.
        unfinished.unlink()
    checkpoint = read_checkpoint(run.checkpoint, identity)
    try:
        clock = checkpoint["callbacks"]["Clock"]
        seconds, reserve = float(clock["seconds"]), float(clock["reserve"]["seconds"])
        steps_since_log(checkpoint)
    except (LookupError, TypeError, ValueError) as error:
        raise _damaged(run, "its times and counts are not there") from error
    if duration.is_over(duration.progress(checkpoint["global_step"], seconds, reserve=reserve)):
        raise ValueError(
            f"{run.path} is finished ({checkpoint['global_step']} steps in {seconds:.0f} s of {duration}): "
            "give a larger --budget, --max_epochs or --max_steps to go on"
        )
    return checkpoint


def steps_since_log(checkpoint: dict[str, Any]) -> int:
    """Steps that the checkpoint has values of and ``metrics.csv`` no row yet."""
    return int(checkpoint["callbacks"]["AfterStep"]["metrics"]["count"])


def check_restorable(run: RunDirectory, checkpoint: dict[str, Any], trainer: pl.Trainer, task: Task) -> None:
    """Refuse a checkpoint from which something could not be restored, though its digest is right.

    Raises:
        ValueError: weights do not fit the model of the run's config, or a state is missing or of another kind.
    """
    expected = {name: value.shape for name, value in task.state_dict().items()}
    found = {name: value.shape for name, value in checkpoint["state_dict"].items()}
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        raise ValueError(
            f"{run.checkpoint} belongs to another model than {run.config} describes: "
            f"{len(differing)} weights differ, such as {differing[0]}; restore the run's own files, or start anew"
        )
    optimizers = task.configure_optimizers()
    num_optimizers = len(optimizers) if isinstance(optimizers, list) else 1
    try:
        _check_states(checkpoint, trainer, num_optimizers=num_optimizers)
    except ValueError as error:
        raise _damaged(run, str(error)) from error


def _damaged(run: RunDirectory, reason: str) -> ValueError:
    return ValueError(f"{run.checkpoint} is damaged ({reason}): restore the run's own, or start anew")


def _check_states(checkpoint: dict[str, Any], trainer: pl.Trainer, *, num_optimizers: int) -> None:
    """Refuse states that are not of the kind that a trainer and its callbacks would save."""
    if checkpoint["global_step"] < 0 or checkpoint["epoch"] < 0:
        raise ValueError("its count of steps is negative")
    if len(checkpoint["optimizer_states"]) != num_optimizers:
        raise ValueError(f"it is of {len(checkpoint['optimizer_states'])} optimisers, and there are {num_optimizers}")
    _check_kind(checkpoint["loops"].get("fit_loop"), trainer.fit_loop.state_dict(), "loops.fit_loop")
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # missing from Lightning's annotations
        # A resumed run may have other callbacks of the user's.
        if callback.state_key in CALLBACKS:
            _check_kind(checkpoint["callbacks"][callback.state_key], callback.state_dict(), callback.state_key)


def _check_kind(found: Any, expected: Any, name: str) -> None:
    if isinstance(expected, dict):
        # An empty one fills up while training goes on.
        if not isinstance(found, dict) or (expected and not expected.keys() <= found.keys()):
            raise ValueError(f"{name} lacks what it should hold")
        for key, value in expected.items():
            _check_kind(found[key], value, f"{name}.{key}")
        for key, value in {} if expected else found.items():
            _check_kind(value, 0.0, f"{name}.{key}")
    elif isinstance(expected, int | float) and (not isinstance(found, int | float) or math.isnan(found)):
        raise ValueError(f"{name} must be a number, got {found!r}")
