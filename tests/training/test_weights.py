"""Weights that are damaged, hostile or another model's."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from genera.training.keeping import read_checkpoint
from genera.training.weights import load_weights, save_weights


class Trap:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (os.mkdir, (str(self.trace),))


def test_round_trip(tmp_path: Path) -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(model, tmp_path / "model.safetensors")
    load_weights(other, tmp_path / "model.safetensors")
    assert torch.equal(model.weight, other.weight)


def test_the_trap_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


def test_a_pickle_is_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "sprung"
    torch.save({"weight": Trap(trace), "global_step": 1}, tmp_path / "hostile")
    with pytest.raises(ValueError, match="damaged or is not a safetensors file"):
        load_weights(nn.Linear(3, 2), tmp_path / "hostile")
    with pytest.raises(ValueError, match="is damaged"):
        read_checkpoint(tmp_path / "hostile")
    assert not trace.exists()


def test_truncated_missing_and_foreign_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(ValueError, match="there are no weights at"):
        load_weights(nn.Linear(3, 2), path)
    save_weights(nn.Linear(3, 2), path)
    with pytest.raises(ValueError, match="another model or image size") as caught:
        load_weights(nn.Linear(4, 2), path)
    assert "\n" not in str(caught.value)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="damaged or is not a safetensors file"):
        load_weights(nn.Linear(3, 2), path)
