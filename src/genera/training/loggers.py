"""The table of a run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from genera.core.files import write_whole
from genera.training.runs import read_table


class TableLogger(Logger):
    """Keeps ``metrics.csv``: one row per step, one column per metric, columns added as they appear.

    Unlike Lightning's, the file is always whole, and a resumed run goes on with it instead of deleting it.

    Args:
        path: the file.
        resume_step: keep the rows up to this step and drop later ones, which the resumed run will write again.
    """

    def __init__(self, path: Path, *, resume_step: int | None = None) -> None:
        super().__init__()
        self.path = path
        self._rows: dict[int, dict[str, float]] = {}
        if resume_step is not None and path.is_file():
            self._rows = {step: row for step, row in read_table(path).items() if step <= resume_step}

    @property
    def name(self) -> str:
        return "table"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        assert step is not None
        self._rows.setdefault(step, {}).update(metrics)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Settings are in ``config.yaml``."""

    @rank_zero_only
    def save(self) -> None:
        columns = dict.fromkeys(name for row in self._rows.values() for name in row)
        text = io.StringIO()
        writer = csv.DictWriter(text, ["step", *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"step": step, **row} for step, row in self._rows.items())
        write_whole(self.path, text.getvalue())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.save()
