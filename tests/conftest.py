"""What tests of several packages share; that this file stands here puts ``tests`` on the path of every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import TINY

from genera.cli import main


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the digits, which no test changes."""
    run = tmp_path_factory.mktemp("runs") / "trained"
    assert main(["train", TINY, "--out", str(run), "--max_epochs", "1"]) == 0
    return run


@pytest.fixture
def tiny_run(tmp_path: Path) -> Path:
    """A finished run on the digits of one's own: the same as ``trained``."""
    run = tmp_path / "run"
    assert main(["train", TINY, "--out", str(run), "--max_epochs", "1"]) == 0
    return run


@pytest.fixture
def failing(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must end with exit code 2, and give its one line."""

    def run(*arguments: str) -> str:
        capsys.readouterr()
        assert main(list(arguments)) == 2
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
        return line

    return run
