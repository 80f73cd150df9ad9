"""Weights as safetensors: loading them never executes what it reads."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from genera.core.files import replacing


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the parameters and buffers of ``model``, whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    with replacing(path) as temporary:
        try:
            save_model(model, str(temporary))
        except SafetensorError as error:
            # It wraps the operating system's error in one of its own.
            raise OSError(f"cannot write {path}: {error}") from error


def load_weights(model: nn.Module, path: Path) -> None:
    """Read what :func:`save_weights` wrote into a model of the same make.

    Raises:
        ValueError: the file is missing, is not whole, is not safetensors, or belongs to another model.
    """
    if not path.is_file():
        raise ValueError(f"there are no weights at {path}: the run was stopped before its first validation")
    try:
        load_model(model, str(path))
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or is not a safetensors file ({error}); nothing was loaded") from error
    except RuntimeError as error:
        complaint = " ".join(str(error).split())
        raise ValueError(
            f"{path} holds the weights of another model or image size than its config.yaml describes: {complaint[:300]}"
        ) from error
