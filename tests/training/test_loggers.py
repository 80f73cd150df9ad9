"""The table of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from genera.training.loggers import TableLogger
from genera.training.runs import read_table


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


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("name,value\nx,1\n")
    with pytest.raises(ValueError, match="is not a table of metrics"):
        read_table(tmp_path / "other.csv")
