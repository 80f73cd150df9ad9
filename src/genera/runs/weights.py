"""Weights as safetensors: loading executes nothing and rejects damaged files.

``model.sha256`` contains the digest of ``model.safetensors`` in the format of ``sha256sum``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from genera.core.files import replace_atomically, write_atomically


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the parameters and buffers of ``model`` atomically, and their digest.

    Raises:
        OSError: the folder is not writable or the disk is full.
    """
    old_digests = _read_digests(path)
    with replace_atomically(path) as temporary:
        # Copies, because modules may share tensors, which safetensors does not store, and memory formats vary.
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
        try:
            save_file(tensors, str(temporary))
        except SafetensorError as error:
            # safetensors wraps the error of the operating system.
            raise OSError(f"cannot write {path}: {error}") from error
        # The process may be killed between the two files: until the new weights are in place, both digests are valid.
        _write_digests(path, [*old_digests, digest_of(temporary)])
    record_digest(path)


def load_weights(model: nn.Module, path: Path) -> None:
    """Load the file that :func:`save_weights` wrote into a model with the same architecture.

    Raises:
        ValueError: the file is missing, has another digest, is not safetensors, belongs to another model, or contains
            values that are not finite.
    """
    if not path.is_file():
        raise ValueError(f"there are no weights at {path}: the run was stopped before its first validation")
    # Twice the size in float64, and room for the header.
    max_bytes = 16 * sum(value.numel() for value in model.state_dict().values()) + 10_000_000
    if path.stat().st_size > max_bytes:
        raise ValueError(f"{path} is larger than any weights of the model its config.yaml describes: restore it")
    recorded = digest_path(path)
    if not (digests := _read_digests(path)):
        raise ValueError(
            f"{recorded} is missing or damaged, so {path.name} cannot be checked: restore it, or, if you trust "
            f"{path.name}, create it there with: sha256sum {path.name} > {recorded.name}"
        )
    if digest_of(path) not in digests:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is not the one in {recorded.name}; restore it from a copy, or train again"
        )
    try:
        tensors = load_file(path)
        _check_tensors(model, tensors, path)
        model.load_state_dict(tensors)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is not a safetensors file ({error}); nothing was loaded") from error
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{path} holds the weights of another model or image size than its config.yaml describes: {reason}"
        ) from error


def record_digest(path: Path) -> None:
    """Write the digest of a weights file next to it."""
    _write_digests(path, [digest_of(path)])


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_path(weights: Path) -> Path:
    """Path of the digest of a weights file."""
    return weights.with_suffix(".sha256")


def _write_digests(path: Path, digests: Sequence[str]) -> None:
    write_atomically(digest_path(path), "".join(f"{digest}  {path.name}\n" for digest in digests))


def _read_digests(path: Path) -> list[str]:
    """The recorded digests of a weights file: one, or two if the process was killed while saving."""
    recorded = digest_path(path)
    # Anything but a short file, such as an endless device, is invalid.
    if not recorded.is_file() or recorded.stat().st_size > 1024:
        return []
    try:
        lines = recorded.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        return []
    return [line.split()[0] for line in lines if line.strip()]


def _check_tensors(model: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Raise for tensors of another type than in the model, or not finite after conversion to the model's precision."""
    expected = model.state_dict()
    for name in filter(expected.__contains__, tensors):
        tensor, dtype = tensors[name], expected[name].dtype
        if tensor.is_floating_point() != dtype.is_floating_point or tensor.is_complex():
            raise ValueError(f"{path}: tensor {name!r} holds {tensor.dtype}, but the model has {dtype}; restore it")
        if not bool(torch.isfinite(tensor.to(dtype)).all()):
            raise ValueError(f"{path}: tensor {name!r} holds numbers that are not finite; restore it, or train again")
