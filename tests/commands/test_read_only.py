"""Results are shown also if they cannot be written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from running import genera


@pytest.fixture
def read_only(trained: Path, tmp_path: Path) -> Path:
    """A read-only run."""
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    shutil.rmtree(run / "measurements", ignore_errors=True)
    (run / "evaluation.json").unlink(missing_ok=True)
    run.chmod(0o555)
    return run


def test_an_evaluation_is_printed(read_only: Path) -> None:
    done = genera("evaluate", str(read_only), "--measures", "bits_per_dim@1,sharpness")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["run", "measure", "bits_per_dim@1", "sharpness"]
    (message,) = [line for line in done.stderr.splitlines() if "not saved" in line]
    assert f"cannot write {read_only / 'measurements'}" in message
    assert message.endswith(": Permission denied")
    assert not (read_only / "evaluation.json").exists()


def test_a_comparison_is_written(read_only: Path, tmp_path: Path) -> None:
    """Of a run and of a shipped model, whose results are cached in the home of the user."""
    (tmp_path / "home").mkdir(mode=0o555)
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / ".cache")}
    models, out = (str(read_only), "realnvp-digits"), tmp_path / "report"
    options = ("--measures", "bits_per_dim@1", "--split", "validation", "--out", str(out))
    done = genera("compare", *models, *options, variables=home)
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stderr.splitlines() if "not saved" in line]) == 1
    rows = json.loads((out / "comparison.json").read_text())["models"]
    assert all("bits_per_dim@1" in row["measures"] for row in rows)
    assert (out / "report.html").is_file()
