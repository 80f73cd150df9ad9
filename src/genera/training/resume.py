"""Exact resume: reads a checkpoint and checks that everything can be restored from it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.plugins.io import TorchCheckpointIO

from genera.runs.checkpoints import CALLBACKS, RESTORE, read_checkpoint, write_checkpoint
from genera.runs.run_directory import RunDirectory
from genera.training.duration import Duration
from genera.training.tasks import Task


class SafeCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints atomically, and reads those of one training without executing anything."""

    def __init__(self, identity: dict[str, Any]) -> None:
        super().__init__()
        self.identity = identity

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        write_checkpoint(Path(path), checkpoint, self.identity)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_checkpoint(Path(path), self.identity)


def checkpoint_to_resume(run: RunDirectory, duration: Duration, identity: dict[str, Any]) -> dict[str, Any]:
    """Read the last checkpoint of an unfinished run.

    Raises:
        ValueError: the checkpoint is missing, damaged or of another training, or the training is finished.
    """
    for temporary in run.checkpoint.parent.glob(f".{run.checkpoint.stem}.*"):
        # Left by a process that was killed while saving.
        temporary.unlink()
    checkpoint = read_checkpoint(run.checkpoint, identity)
    try:
        clock = checkpoint["callbacks"]["Clock"]
        seconds, reserve = float(clock["seconds"]), float(clock["reserve"]["seconds"])
        steps_since_log(checkpoint)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{run.checkpoint} is damaged (its times and counts are missing): {RESTORE}") from error
    if duration.is_over(duration.progress(checkpoint["global_step"], seconds, reserve=reserve)):
        raise ValueError(
            f"{run.path} is finished ({checkpoint['global_step']} steps in {seconds:.0f} s of {duration}): "
            "give a larger --budget, --max_epochs or --max_steps to continue"
        )
    return checkpoint


def steps_since_log(checkpoint: dict[str, Any]) -> int:
    """Number of steps since the last row of ``metrics.csv``."""
    return int(checkpoint["callbacks"]["AfterStep"]["metrics"]["count"])


def check_restorable(run: RunDirectory, checkpoint: dict[str, Any], trainer: pl.Trainer, task: Task) -> None:
    """Check that everything can be restored from a checkpoint with a valid digest.

    Raises:
        ValueError: the weights do not fit the model in the run's config, or a state is missing or invalid.
    """
    expected = {name: value.shape for name, value in task.state_dict().items()}
    saved = {name: value.shape for name, value in checkpoint["state_dict"].items()}
    differing = sorted(name for name in expected.keys() | saved.keys() if expected.get(name) != saved.get(name))
    if differing:
        raise ValueError(
            f"{run.checkpoint} belongs to another model than {run.config} describes: "
            f"{len(differing)} weights differ, such as {differing[0]}; {RESTORE}"
        )
    optimizers = task.configure_optimizers()
    num_optimizers = len(optimizers) if isinstance(optimizers, list) else 1
    try:
        if checkpoint["global_step"] < 0 or checkpoint["epoch"] < 0:
            raise ValueError("its step count is negative")
        if len(checkpoint["optimizer_states"]) != num_optimizers:
            raise ValueError(f"it has {len(checkpoint['optimizer_states'])} optimisers instead of {num_optimizers}")
        _check_state(checkpoint["loops"].get("fit_loop"), trainer.fit_loop.state_dict(), "loops.fit_loop")
        for callback in trainer.callbacks:  # type: ignore[attr-defined]  # missing from Lightning's annotations
            # A resumed run may have other callbacks from the user.
            if callback.state_key in CALLBACKS:
                _check_state(checkpoint["callbacks"][callback.state_key], callback.state_dict(), callback.state_key)
    except ValueError as error:
        raise ValueError(f"{run.checkpoint} is damaged ({error}): {RESTORE}") from error


def _check_state(state: Any, example: Any, name: str) -> None:
    """Check that a saved state has the keys of an example, and numbers where that has numbers."""
    if isinstance(example, dict):
        # A dictionary that starts empty is filled with numbers during the training.
        if not isinstance(state, dict) or not example.keys() <= state.keys():
            raise ValueError(f"{name} is incomplete")
        for key in example or state:
            _check_state(state[key], example.get(key, 0.0), f"{name}.{key}")
    elif isinstance(example, int | float) and (not isinstance(state, int | float) or math.isnan(state)):
        raise ValueError(f"{name} must be a number, got {state!r}")
