"""Runs with one damaged file: commands that read it print one error line, and change nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from genera.cli import main
from genera.runs.run_directory import RunDirectory
from genera.zoo import TrainedModel

MEASURE = ("--measures", "bits_per_dim@1")
#: Commands by name; RUN and OUT stand for folders.
COMMANDS: dict[str, tuple[str, ...]] = {
    "evaluate": ("evaluate", "RUN", *MEASURE),
    "compare": ("compare", "realnvp-digits", "RUN", "--out", "OUT", *MEASURE),
    "figures": ("figures", "RUN", "--out", "OUT"),
    "resume": ("train", "--resume", "RUN", "--max_epochs", "2"),
}


def cut(content: bytes) -> bytes:
    """The first half."""
    return content[: len(content) // 2]


def without(field: str) -> Callable[[bytes], bytes]:
    """JSON without one of its fields."""

    def damage(content: bytes) -> bytes:
        return json.dumps({name: value for name, value in json.loads(content).items() if name != field}).encode()

    return damage


def replaced(before: bytes, after: bytes) -> Callable[[bytes], bytes]:
    """The content with one replacement."""

    def damage(content: bytes) -> bytes:
        assert before in content
        return content.replace(before, after, 1)

    return damage


def constant(content: bytes) -> Callable[[bytes], bytes]:
    """The given content, whatever it was."""
    return lambda _: content


EVERY_JSON = {
    "empty": constant(b""),
    "null": constant(b"null"),
    "a list": constant(b"[]"),
    "a number": constant(b"3"),
    "another encoding": lambda content: content.decode().encode("utf-16"),
    "nested": constant(b"[" * 100_000),
    "cut": cut,
}
#: Commands that read a file, and kinds of damage to it.
FILES: dict[str, tuple[tuple[str, ...], dict[str, Callable[[bytes], bytes]]]] = {
    "environment.json": (
        ("compare", "figures"),
        {
            **EVERY_JSON,
            "without its steps": without("steps"),
            "without its time": without("wall_seconds"),
            "steps of text": replaced(b'"steps": 5', b'"steps": "5"'),
            "steps that are NaN": replaced(b'"steps": 5', b'"steps": NaN'),
        },
    ),
    "evaluation.json": (
        ("evaluate", "compare"),
        {
            **EVERY_JSON,
            "without its measures": without("measures"),
            "without its weights": without("weights"),
            "a value of text": replaced(b'"value": ', b'"value": "x", "was": '),
            "a value that is infinite": replaced(b'"value": ', b'"value": Infinity, "was": '),
            "without a value": replaced(b'"value": ', b'"was": '),
        },
    ),
    "metrics.csv": (
        ("compare", "figures", "resume"),
        {
            "empty": constant(b""),
            "without rows": lambda content: content.splitlines(keepends=True)[0],
            "without a header": lambda content: b"".join(content.splitlines(keepends=True)[1:]),
            "cut": lambda content: content[:-9],
            "NaN": replaced(b"\n5,", b"\n5,nan,"),
            "a negative step": replaced(b"\n5,", b"\n-5,"),
            "a repeated step": lambda content: content + content.splitlines(keepends=True)[-1],
            "another encoding": lambda content: content.decode().encode("utf-16"),
        },
    ),
}
#: File, damage, command.
CASES = [
    (file, damage, command) for file, (commands, damages) in FILES.items() for damage in damages for command in commands
]


@pytest.fixture(scope="module")
def measured(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an evaluation."""
    run = tmp_path_factory.mktemp("measured") / "run"
    shutil.copytree(trained, run, ignore=shutil.ignore_patterns("measurements", "evaluation*.json"))
    assert main(["evaluate", str(run), *MEASURE]) == 0
    return run


@pytest.fixture
def run(measured: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(measured, tmp_path / "run")
    return tmp_path / "run"


def command_of(name: str, run: Path) -> list[str]:
    places = {"RUN": str(run), "OUT": str(run.parent / "out")}
    return [places.get(argument, argument) for argument in COMMANDS[name]]


def contents(folder: Path) -> dict[Path, bytes]:
    """Contents of the files, without the lock, which contains the time."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize(("file", "damage", "command"), CASES)
def test_a_damaged_file_is_named_before_anything_is_done(
    file: str, damage: str, command: str, run: Path, failing: Callable[..., str]
) -> None:
    path = run / file
    path.write_bytes(FILES[file][1][damage](path.read_bytes()))
    before = contents(run)
    line = failing(*command_of(command, run))
    assert f"error: {path} is damaged (" in line
    assert "restore it, or delete it" in line
    assert contents(run) == before
    assert not (run.parent / "out").exists()


@pytest.mark.parametrize("file", FILES)
def test_commands_work_without_the_file(file: str, run: Path) -> None:
    for command in FILES[file][0]:
        (run / file).unlink(missing_ok=True)
        assert main(command_of(command, run)) == 0


def test_a_table_that_ends_before_the_checkpoint_is_not_resumed(run: Path, failing: Callable[..., str]) -> None:
    table = run / "metrics.csv"
    header, *rows = table.read_text().splitlines(keepends=True)
    table.write_text(header + "".join(rows[:-1]))
    line = failing(*command_of("resume", run))
    assert f"{table} is damaged (it ends at step 4, and step 5 was logged): restore it, or delete it" in line


@pytest.mark.parametrize(
    "damage",
    [*EVERY_JSON.values(), without("measurement"), replaced(b'"value": ', b'"was": '), replaced(b'"n": ', b'"n": -')],
)
def test_a_damaged_entry_of_the_cache_is_measured_again(
    damage: Callable[[bytes], bytes], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry,) = (run / "measurements").iterdir()
    before = entry.read_bytes()
    entry.write_bytes(damage(before))
    assert main(command_of("evaluate", run)) == 0
    assert f"{entry} is damaged: measuring bits_per_dim@1 again" in capsys.readouterr().err
    assert entry.read_bytes() == before


def test_a_damaged_evaluation_is_named_by_the_list_of_models(
    run: Path, monkeypatch: pytest.MonkeyPatch, failing: Callable[..., str]
) -> None:
    shipped = TrainedModel("mine", RunDirectory.open(run), is_shipped=True)
    monkeypatch.setattr("genera.commands.models.shipped_models", lambda: [shipped])
    assert main(["models"]) == 0
    shipped.run.evaluation.write_text("null")
    assert f"{shipped.run.evaluation} is damaged" in failing("models")
