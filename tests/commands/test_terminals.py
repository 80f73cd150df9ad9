"""Terminals that cannot encode every character."""

from __future__ import annotations

import io
import re
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from running import genera

from genera.cli import COMMANDS, main

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("command", ["--help", "models", "datasets"])
def test_a_character_that_cannot_be_encoded_is_replaced(command: str) -> None:
    done = genera(command, variables=ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout
    assert done.stdout.isascii()


def test_errors_are_also_encoded() -> None:
    printed = io.BytesIO()
    with redirect_stderr(io.TextIOWrapper(printed, encoding="ascii", write_through=True)):
        assert main(["sample", "modèle"]) == 2
        assert b"no run directory or shipped model 'mod?le'" in printed.getvalue()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(name: str) -> None:
    printed = io.BytesIO()
    terminal = io.TextIOWrapper(printed, encoding="ascii", write_through=True)
    with redirect_stdout(terminal), pytest.raises(SystemExit, match="0") if name != "train" else nullcontext():
        main([name, "--help"])
    assert f"genera {name}".encode() in printed.getvalue()


def test_the_table_of_an_evaluation(trained: Path) -> None:
    printed = io.BytesIO()
    terminal = io.TextIOWrapper(printed, encoding="ascii", write_through=True)
    with redirect_stdout(terminal):
        assert main(["evaluate", str(trained), "--measures", "bits_per_dim@1,accuracy"]) == 0
    assert re.search(rb"bits_per_dim@1 .* [0-9.]+ \? [0-9.]+ .*\nunavailable: accuracy \(", printed.getvalue())


def test_control_characters_are_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name must not clear the screen or change the text direction."""
    folder = tmp_path / "\x1b[2Jgone\x07\u202e"
    folder.mkdir()
    assert main(["sample", str(folder)]) == 2
    line = capsys.readouterr().err.removesuffix("\n")
    assert line.isprintable()
    assert "?[2Jgone?? is not a run directory" in line
