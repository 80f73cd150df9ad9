"""The table of a run."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from genera.runs.readers import read_table
from genera.training.callbacks.table_logger import TableLogger


def test_columns_appear_as_they_come_and_rows_of_one_step_join(tmp_path: Path) -> None:
    table = TableLogger(tmp_path / "metrics.csv")
    table.log_metrics({"a": 1.0}, step=1)
    table.log_metrics({"b": 2.5}, step=1)
    table.log_metrics({"b": 3.0}, step=2)
    table.save()
    assert (tmp_path / "metrics.csv").read_text() == "step,a,b\n1,1.0,2.5\n2,,3.0\n"
    assert read_table(tmp_path / "metrics.csv") == {1: {"a": 1.0, "b": 2.5}, 2: {"b": 3.0}}


def test_a_resumed_table_drops_what_will_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n1,1.0\n2,2.0\n3,3.0\n")
    table = TableLogger(path, resume_step=2)
    table.log_metrics({"a": 30.0}, step=3)
    table.save()
    assert path.read_text() == "step,a\n1,1.0\n2,2.0\n3,30.0\n"


def test_what_is_not_finite_is_left_out_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = TableLogger(tmp_path / "metrics.csv")
    for step, value in ((1, math.nan), (2, 2.0), (3, math.inf)):
        table.log_metrics({"probe": value, "loss": 1.0}, step=step)
    table.save()
    assert read_table(tmp_path / "metrics.csv") == {1: {"loss": 1.0}, 2: {"probe": 2.0, "loss": 1.0}, 3: {"loss": 1.0}}
    assert capsys.readouterr().err == "probe is nan at step 1: metrics.csv skips it\n"


def test_rows_stand_in_the_order_of_their_steps(tmp_path: Path) -> None:
    """In whichever order callbacks log them."""
    table = TableLogger(tmp_path / "metrics.csv")
    for step in (50, 49, 100):
        table.log_metrics({"a": float(step)}, step=step)
    table.save()
    assert list(read_table(tmp_path / "metrics.csv")) == [49, 50, 100]


def test_there_is_no_table_before_there_is_a_row(tmp_path: Path) -> None:
    TableLogger(tmp_path / "metrics.csv").save()
    assert not list(tmp_path.iterdir())


def test_a_table_must_reach_as_far_as_was_logged(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n1,1.0\n2,2.0\n")
    TableLogger(path, resume_step=3, logged_step=2)
    with pytest.raises(ValueError, match=r"it ends at step 2, and step 3 was logged\): restore it, or delete it"):
        TableLogger(path, resume_step=3, logged_step=3)


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("name,value\nx,1\n")
    with pytest.raises(ValueError, match="is not a table of metrics"):
        read_table(tmp_path / "other.csv")
