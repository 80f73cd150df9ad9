"""The logger of ``metrics.csv``."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from genera.runs.readers import read_table
from genera.training.callbacks.table_logger import TableLogger


def test_columns_are_added_and_rows_of_one_step_are_merged(tmp_path: Path) -> None:
    table = TableLogger(tmp_path / "metrics.csv")
    table.log_metrics({"a": 1.0}, step=1)
    table.log_metrics({"b": 2.5}, step=1)
    table.log_metrics({"b": 3.0}, step=2)
    table.save()
    assert (tmp_path / "metrics.csv").read_text() == "step,a,b\n1,1.0,2.5\n2,,3.0\n"
    assert read_table(tmp_path / "metrics.csv") == {1: {"a": 1.0, "b": 2.5}, 2: {"b": 3.0}}


def test_a_resumed_table_drops_rows_that_are_written_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n1,1.0\n2,2.0\n3,3.0\n")
    table = TableLogger(path, resume_step=2)
    table.log_metrics({"a": 30.0}, step=3)
    table.save()
    assert path.read_text() == "step,a\n1,1.0\n2,2.0\n3,30.0\n"


def test_values_that_are_not_finite_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = TableLogger(tmp_path / "metrics.csv")
    for step, value in ((1, math.nan), (2, 2.0), (3, math.inf)):
        table.log_metrics({"probe": value, "loss": 1.0}, step=step)
    table.save()
    assert read_table(tmp_path / "metrics.csv") == {1: {"loss": 1.0}, 2: {"probe": 2.0, "loss": 1.0}, 3: {"loss": 1.0}}
    assert capsys.readouterr().err == "probe is nan at step 1: metrics.csv skips it\n"


def test_rows_are_sorted_by_step(tmp_path: Path) -> None:
    """Callbacks log them in any order."""
    table = TableLogger(tmp_path / "metrics.csv")
    for step in (50, 49, 100):
        table.log_metrics({"a": float(step)}, step=step)
    table.save()
    assert list(read_table(tmp_path / "metrics.csv")) == [49, 50, 100]


def test_there_is_no_table_before_the_first_row(tmp_path: Path) -> None:
    TableLogger(tmp_path / "metrics.csv").save()
    assert not list(tmp_path.iterdir())


def test_a_resumed_table_must_contain_the_last_logged_step(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n1,1.0\n2,2.0\n")
    TableLogger(path, resume_step=3, logged_step=2)
    with pytest.raises(ValueError, match=r"it ends at step 2, and step 3 was logged\): restore it, or delete it"):
        TableLogger(path, resume_step=3, logged_step=3)


def test_other_tables_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("name,value\nx,1\n")
    with pytest.raises(ValueError, match="is not a table of metrics"):
        read_table(tmp_path / "other.csv")
