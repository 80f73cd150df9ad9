"""Checkpoint files: written atomically, read without executing anything, and rejected if they are damaged."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genera.core.files import write_atomically
from genera.runs.run_directory import RunDirectory

#: Version of the content of checkpoints.
SCHEMA = 2
#: Entries that every checkpoint has, with their types.
_REQUIRED: dict[str, type] = {
    "state_dict": dict,
    "optimizer_states": list,
    "loops": dict,
    "callbacks": dict,
    "global_step": int,
    "epoch": int,
}
#: Settings that may change when a run is resumed; with any other change it would be another training.
MAY_CHANGE = {
    "budget", "max_epochs", "max_steps", "validate_every", "log_every", "checkpoint_every", "device", "num_devices",
    "strategy", "probes", "loggers", "callbacks",
}  # fmt: skip
#: Callbacks whose state an exact resume needs.
CALLBACKS = ("Clock", "AfterStep")
#: What to do about an unusable checkpoint.
RESTORE = "restore the checkpoint of this run from a copy, or start a new run"


def identity_of(run: RunDirectory) -> dict[str, str]:
    """A digest of each section of the config that must not change when the run is resumed."""
    config = run.read_config() if run.config.is_file() else {}
    return {name: _digest(value) for name, value in config.items() if name not in MAY_CHANGE}


def write_checkpoint(path: Path, checkpoint: dict[str, Any], identity: dict[str, Any]) -> None:
    """Write a checkpoint atomically.

    Args:
        path: the file.
        checkpoint: plain data and tensors.
        identity: plain data that must be equal when the checkpoint is read.
    """
    label = {"schema": SCHEMA, "training": identity, "digest": _digest(checkpoint)}
    buffer = io.BytesIO()
    torch.save({**checkpoint, "genera": label}, buffer)
    write_atomically(path, buffer.getvalue())


def read_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """Read a checkpoint onto the CPU and verify its content.

    Args:
        path: the file.
        identity: of the training that is resumed.

    Raises:
        ValueError: the file is missing, damaged or incomplete, contains more than plain data and tensors, or is from
            another version of Genera or another training.
    """
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}: the run was stopped before its first one; start a new run")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load has no error class of its own; for a damaged file its zip and pickle readers can raise anything.
    except Exception as error:
        raise ValueError(f"{path} is damaged ({type(error).__name__}): {RESTORE}") from error
    label = checkpoint.pop("genera", None) if isinstance(checkpoint, dict) else None
    if not isinstance(label, dict) or label.get("schema") != SCHEMA:
        raise ValueError(f"{path} is not a checkpoint of this version of Genera (schema {SCHEMA}): {RESTORE}")
    missing = [name for name, kind in _REQUIRED.items() if not isinstance(checkpoint.get(name), kind)]
    missing = missing or [name for name in CALLBACKS if name not in checkpoint["callbacks"]]
    if missing:
        raise ValueError(f"{path} is damaged, it lacks {', '.join(missing)}: {RESTORE}")
    if label.get("digest") != _digest(checkpoint):
        raise ValueError(f"{path} is damaged, its content is not what was saved (by its digest): {RESTORE}")
    other = label.get("training")
    if other != identity:
        other = other if isinstance(other, dict) else {}
        differing = sorted(name for name in {*identity, *map(str, other)} if other.get(name) != identity.get(name))
        raise ValueError(f"{path} is of another training, it differs in {', '.join(differing)}: {RESTORE}")
    return checkpoint


def _digest(value: Any) -> str:
    """SHA-256 over nested plain data and tensors, in hex."""
    sha = hashlib.sha256()
    _update(sha, value)
    return sha.hexdigest()


def _update(sha: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        sha.update(f"{value.dtype} {tuple(value.shape)}".encode())
        sha.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, dict):
        sha.update(f"{len(value)} items".encode())
        for name, item in value.items():
            sha.update(repr(name).encode())
            _update(sha, item)
    elif isinstance(value, list | tuple | set | frozenset):
        sha.update(f"{len(value)} values".encode())
        # Sets are sorted, because their order differs between processes.
        for item in value if isinstance(value, list | tuple) else sorted(value, key=repr):
            _update(sha, item)
    else:
        sha.update(repr(value).encode())
