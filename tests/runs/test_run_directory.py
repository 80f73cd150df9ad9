"""Locks and contents of run directories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import complains
from running import TINY, failing_genera

from genera.cli import main
from genera.runs.run_directory import RunDirectory

#: A program that holds the lock of a run until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from genera.runs.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def holder(run: Path) -> subprocess.Popen[str]:
    """Start another process that holds the lock of a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_second_process_is_rejected_with_the_name_of_the_first(tiny_run: Path, failing: Callable[..., str]) -> None:
    before = {path: path.read_bytes() for path in tiny_run.rglob("*") if path.is_file() and path.name != ".lock"}
    with holder(tiny_run) as first:
        message = failing("train", "--resume", str(tiny_run), "--max_epochs", "2")
        assert f"{tiny_run} is being trained by process {first.pid} on " in message
        assert "not empty" in failing("train", TINY, "--out", str(tiny_run))
        assert {path: path.read_bytes() for path in before} == before
        first.kill()
    # The lock of a dead process is released.
    assert main(["train", "--resume", str(tiny_run), "--max_epochs", "2"]) == 0


def test_two_trainings_in_one_new_folder(tmp_path: Path, failing: Callable[..., str]) -> None:
    out = tmp_path / "out"
    RunDirectory.create(out)
    with holder(out) as first:
        assert "is being trained by process" in failing("train", TINY, "--out", str(out), "--max_steps", "1")
        first.communicate()
    # The first left only its lock.
    assert [path.name for path in out.iterdir()] == [".lock"]
    assert main(["train", TINY, "--out", str(out), "--max_steps", "1"]) == 0


def test_two_threads_of_one_process_do_not_share_a_run(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run")
    refused: list[str] = []

    def second() -> None:
        with complains(f"is being trained by process {os.getpid()}"), run.locked():
            pass
        refused.append("yes")

    with run.locked():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused
    with run.locked():
        pass


def test_the_lock_is_released_when_training_fails(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(FloatingPointError), run.locked():
        raise FloatingPointError
    with run.locked():
        pass


def test_settings_that_do_not_fit_leave_nothing_behind(tmp_path: Path, failing: Callable[..., str]) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    kept.mkdir()
    for folder in (out, kept):
        assert "not enough images for a batch" in failing("train", TINY, "--out", str(folder), "--batch_size", "100000")
    assert not out.exists()
    assert not any(kept.iterdir())


def test_a_read_only_run_is_not_resumed(tiny_run: Path) -> None:
    # The lock is a folder here, which cannot be opened for writing, even by root.
    (tiny_run / ".lock").unlink()
    (tiny_run / ".lock").mkdir()
    assert f"cannot write into {tiny_run}" in failing_genera("train", "--resume", str(tiny_run), "--max_epochs", "2")


@pytest.mark.parametrize("name", ["checkpoints", "figures", "measurements", "samples", "tensorboard"])
def test_a_folder_of_a_run_that_is_a_link_is_not_written_into(
    name: str, trained: Path, tmp_path: Path, failing: Callable[..., str]
) -> None:
    run, outside = tmp_path / "run", tmp_path / "outside"
    shutil.copytree(trained, run)
    shutil.rmtree(run / name, ignore_errors=True)
    outside.mkdir()
    (outside / ".last.important").write_text("do not lose me")
    (run / name).symlink_to(outside)
    for command in (("train", "--resume"), ("figures",), ("evaluate",), ("sample",)):
        assert f"{run / name} is a link" in failing(*command, str(run))
    assert [path.name for path in outside.iterdir()] == [".last.important"]


def test_the_environment_is_read_if_there_is_one(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert run.read_environment() is None
    environment = {"steps": 5, "parameters": 7, "wall_seconds": 1.5, "cpu_seconds": 3.0}
    run.write_environment(environment)
    assert run.read_environment() == environment
    run.environment.write_text("{")
    with pytest.raises(ValueError, match=r"environment.json is damaged"):
        run.read_environment()
