from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from running import TINY, losses

from genera.cli import main


def test_compiled_steps_are_the_same_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, fused = tmp_path / "plain", tmp_path / "fused"
    assert main(["train", TINY, "--max_epochs", "2", "--out", str(plain)]) == 0
    # Traced and differentiated, but run by PyTorch's own kernels: those of a compiler draw other noise.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    assert main(["train", TINY, "--max_epochs", "2", "--out", str(fused), "--task.compile", "true"]) == 0
    assert len(losses(plain)) == len(losses(fused)) == 10
    for before, after in zip(losses(plain), losses(fused), strict=True):
        assert float(after["train/loss"]) == pytest.approx(float(before["train/loss"]), rel=1e-4)


def test_without_a_compiler_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Callable[..., str]
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise RuntimeError("Failed to find C compiler.\nPlease specify via CC")

    monkeypatch.setattr(torch, "compile", refuse)
    message = failing("train", TINY, "--out", str(tmp_path / "run"), "--task.compile", "true")
    assert not (tmp_path / "run").exists()
    assert "torch.compile does not work on this cpu (Failed to find C compiler.): leave out --task.compile" in message
