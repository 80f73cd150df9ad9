"""Weights as safetensors: loading them never executes what it reads, and never takes damaged ones for good.

Beside ``model.safetensors`` stands ``model.sha256``, as ``sha256sum`` writes it and ``sha256sum --check`` reads it.
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
    """Write the parameters and buffers of ``model``, whole or not at all, and their digest.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    before = _recorded(path)
    with replace_atomically(path) as temporary:
        # Each tensor by itself: a prior may share those of the encoder, whatever their memory format.
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in model.state_dict().items()}
        try:
            save_file(tensors, str(temporary))
        except SafetensorError as error:
            # It wraps the operating system's error in one of its own.
            raise OSError(f"cannot write {path}: {error}") from error
        # A kill may come between the two files: until the new weights have their name, both digests are right.
        _record(path, [*before, digest_of(temporary)])
    record_digest(path)


def load_weights(model: nn.Module, path: Path) -> None:
    """Read what :func:`save_weights` wrote into a model of the same make.

    Raises:
        ValueError: the file is missing, is not the one that was written, is not safetensors, belongs to another model,
            or holds numbers that are not finite.
    """
    if not path.is_file():
        raise ValueError(f"there are no weights at {path}: the run was stopped before its first validation")
    # Twice as much as the largest numbers would take, and room for their names.
    most = 16 * sum(value.numel() for value in model.state_dict().values()) + 10_000_000
    if path.stat().st_size > most:
        raise ValueError(f"{path} is larger than any weights of the model its config.yaml describes: restore it")
    _check_digest(path)
    try:
        tensors = load_file(path)
        _check_numbers(model, tensors, path)
        model.load_state_dict(tensors)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is not a safetensors file ({error}); nothing was loaded") from error
    except RuntimeError as error:
        complaint = " ".join(str(error).split())
        raise ValueError(
            f"{path} holds the weights of another model or image size than its config.yaml describes: {complaint[:300]}"
        ) from error


def record_digest(path: Path) -> None:
    """Vouch for a file of weights: write its digest beside it."""
    _record(path, [digest_of(path)])


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_path(weights: Path) -> Path:
    """Where the digest of a file of weights stands."""
    return weights.with_suffix(".sha256")


def _record(path: Path, digests: Sequence[str]) -> None:
    write_atomically(digest_path(path), "".join(f"{digest}  {path.name}\n" for digest in digests))


def _recorded(path: Path) -> list[str]:
    """The digests that stand beside weights: one, or two where a kill came between writing and naming them."""
    recorded = digest_path(path)
    # Anything but a short file, such as a device that has no end, is none.
    if not recorded.is_file() or recorded.stat().st_size > 1024:
        return []
    try:
        lines = recorded.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        return []
    return [line.split()[0] for line in lines if line.strip()]


def _check_digest(path: Path) -> None:
    recorded = _recorded(path)
    if not recorded:
        raise ValueError(
            f"{digest_path(path)} is missing or damaged, so nobody knows whether {path.name} is whole: restore it, or, "
            f"if you trust {path.name}, make it there with: sha256sum {path.name} > {digest_path(path).name}"
        )
    if digest_of(path) not in recorded:
        raise ValueError(
            f"{path} is damaged: its SHA-256 is not the one in {digest_path(path).name}; restore it from a copy, or "
            "train anew"
        )


def _check_numbers(model: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Refuse tensors of another kind than the model's, or with numbers that are none once they are converted."""
    expected = model.state_dict()
    for name, tensor in tensors.items():
        if name not in expected:
            continue
        wanted = expected[name].dtype
        if tensor.is_floating_point() != wanted.is_floating_point or tensor.is_complex():
            raise ValueError(f"{path}: tensor {name!r} holds {tensor.dtype} where the model has {wanted}; restore it")
        if not bool(torch.isfinite(tensor.to(wanted)).all()):
            raise ValueError(f"{path}: tensor {name!r} holds numbers that are not finite; restore it, or train anew")
