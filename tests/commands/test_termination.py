"""SIGTERM while a file is written."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from genera.cli import main

COMMANDS = [
    ("evaluate", "RUN", "--measures", "bits_per_dim@1", "--split", "validation"),
    ("sample", "RUN", "--count", "4", "--out", "OUT/samples.png"),
    ("reconstruct", "RUN", "--count", "4", "--out", "OUT/pairs.png"),
    ("score", "RUN", "--count", "4", "--out", "OUT/scores.csv"),
    ("figures", "RUN", "--out", "OUT"),
    ("compare", "RUN", "realnvp-digits", "--measures", "bits_per_dim@8", "--split", "validation", "--out", "OUT"),
]


@pytest.fixture
def unhandled() -> Iterator[list[int]]:
    """Signals that no command has handled."""
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    yield signals
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_it_ends_like_an_interruption(
    command: tuple[str, ...],
    trained: Path,
    tmp_path: Path,
    unhandled: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(trained, run, ignore=shutil.ignore_patterns("measurements", "evaluation*.json"))
    before = sorted(run.rglob("*"))
    # After the content of a file is written and before it is renamed.
    monkeypatch.setattr("genera.core.files.os.fsync", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    places = {"RUN": str(run), "OUT": str(out)}
    arguments = [places.get(argument, argument.replace("OUT/", f"{out}/")) for argument in command]
    assert main(arguments) == 128 + signal.SIGTERM
    assert not unhandled
    assert capsys.readouterr().err.splitlines()[-1] == "terminated"
    assert [path for path in out.rglob("*") if path.is_file()] == []
    assert sorted(path for path in run.rglob("*") if path.name != "measurements") == before
    # The handler of the caller is restored.
    signal.raise_signal(signal.SIGTERM)
    assert unhandled == [signal.SIGTERM]
