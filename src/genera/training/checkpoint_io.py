"""How Lightning reads and writes our checkpoints, and whether a trainer can take one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.plugins.io import TorchCheckpointIO

from genera.runs.checkpoints import CALLBACKS, read_checkpoint, write_checkpoint


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


def check_restorable(checkpoint: dict[str, Any], trainer: pl.Trainer, *, num_optimizers: int) -> None:
    """Refuse a checkpoint whose states are not of the kind that a trainer and its callbacks would save.

    Raises:
        ValueError: something is missing or of another kind; says what.
    """
    if checkpoint["global_step"] < 0 or checkpoint["epoch"] < 0:
        raise ValueError("its count of steps is negative")
    if len(checkpoint["optimizer_states"]) != num_optimizers:
        raise ValueError(f"it is of {len(checkpoint['optimizer_states'])} optimisers, and there are {num_optimizers}")
    _check_kind(checkpoint["loops"].get("fit_loop"), trainer.fit_loop.state_dict(), "loops.fit_loop")
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # missing from Lightning's annotations
        # Of others, what a resumed run has may be new.
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
