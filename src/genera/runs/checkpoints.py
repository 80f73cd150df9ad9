"""Checkpoint files: written whole, read without executing anything, and never resumed from where they are damaged."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genera.core.files import write_atomically
from genera.runs.run_directory import RunDirectory

#: Raised whenever what a checkpoint must hold changes.
SCHEMA = 2
#: What every checkpoint holds, by kind.
_CONTENT: dict[str, type] = {
    "state_dict": dict,
    "optimizer_states": list,
    "loops": dict,
    "callbacks": dict,
    "global_step": int,
    "epoch": int,
}
#: What a run that is resumed may do differently; anything else would make it another training.
MAY_CHANGE = {
    "budget", "max_epochs", "max_steps", "validate_every", "log_every", "checkpoint_every", "accelerator", "devices",
    "strategy", "probes", "loggers", "callbacks",
}  # fmt: skip
#: Callbacks without whose state a training cannot go on as it would have.
CALLBACKS = ("Clock", "AfterStep")


def identity_of(run: RunDirectory) -> dict[str, str]:
    """What a checkpoint must agree in for a training to go on as it would have: a digest of each section of its config.

    Raises:
        ValueError: the config is damaged.
    """
    config = run.read_config() if run.config.is_file() else {}
    return {name: _digest(value) for name, value in config.items() if name not in MAY_CHANGE}


def write_checkpoint(path: Path, checkpoint: dict[str, Any], identity: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        checkpoint: plain data and tensors.
        identity: of the training, as plain data: another one refuses the checkpoint.
    """
    label = {"schema": SCHEMA, "training": identity, "digest": _digest(checkpoint)}
    buffer = io.BytesIO()
    torch.save({**checkpoint, "genera": label}, buffer)
    write_atomically(path, buffer.getvalue())


def read_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """Read a checkpoint onto the CPU and make sure that it is the one that was written.

    Args:
        path: the file.
        identity: of the training that is to go on.

    Raises:
        ValueError: there is none, it is damaged, holds more than plain data and tensors, lacks something, is of another
            version of Genera or of another training.
    """
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}: the run was stopped before its first one; start it anew")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load has no error of its own: a damaged file can raise anything its zip and pickle readers raise.
    except Exception as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}): restore it from a copy, or start anew"
        ) from error
    way_out = "restore the run's own, or start anew"
    label = checkpoint.pop("genera", None) if isinstance(checkpoint, dict) else None
    if not isinstance(label, dict) or label.get("schema") != SCHEMA:
        raise ValueError(f"{path} is not a checkpoint of this version of Genera (schema {SCHEMA}): {way_out}")
    missing = [name for name, kind in _CONTENT.items() if not isinstance(checkpoint.get(name), kind)]
    missing += [] if missing else [name for name in CALLBACKS if name not in checkpoint["callbacks"]]
    if missing:
        raise ValueError(f"{path} is damaged, it lacks {', '.join(missing)}: {way_out}")
    if label.get("digest") != _digest(checkpoint):
        raise ValueError(f"{path} is damaged, its content is not what was saved (by its digest): {way_out}")
    if label.get("training") != identity:
        found = label.get("training")
        other: dict[str, Any] = found if isinstance(found, dict) else {}
        differing = sorted(name for name in {*identity, *map(str, other)} if other.get(name) != identity.get(name))
        raise ValueError(f"{path} is of another training, it differs in {', '.join(differing)}: {way_out}")
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
        # The order of a set is another in every process.
        for item in value if isinstance(value, list | tuple) else sorted(value, key=repr):
            _update(sha, item)
    else:
        sha.update(repr(value).encode())
