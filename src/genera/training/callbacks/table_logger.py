"""The table of a run."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from tqdm import tqdm

from genera.core.files import write_atomically
from genera.runs.readers import read_table


class TableLogger(Logger):
    """Keeps ``metrics.csv``: one row per step, one column per metric, columns added as they appear.

    Unlike Lightning's, the file is always whole, and a resumed run goes on with it instead of deleting it. A value that
    is not finite, which a probe or a callback may log, is left out; there is no file before there is a row.

    Args:
        path: the file.
        resume_step: keep the rows up to this step and drop later ones, which the resumed run will write again.
        logged_step: the last step of which a table to go on with must have a row.

    Raises:
        ValueError: the table to go on with is damaged.
    """

    def __init__(self, path: Path, *, resume_step: int | None = None, logged_step: int = 0) -> None:
        super().__init__()
        self.path = path
        self._rows: dict[int, dict[str, float]] = {}
        self._left_out: set[str] = set()
        if resume_step is not None and path.is_file():
            before = read_table(path)
            if max(before) < logged_step:
                raise ValueError(
                    f"{path} is damaged (it ends at step {max(before)}, and step {logged_step} was logged): "
                    "restore it, or delete it: what was logged before is then lost"
                )
            self._rows = {step: row for step, row in before.items() if step <= resume_step}

    @property
    def name(self) -> str:
        return "table"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        assert step is not None
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        for name in metrics.keys() - finite.keys() - self._left_out:
            self._left_out.add(name)
            tqdm.write(f"{name} is {metrics[name]} at step {step}: {self.path.name} leaves it out", file=sys.stderr)
        self._rows.setdefault(step, {}).update(finite)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Settings are in ``config.yaml``."""

    @rank_zero_only
    def save(self) -> None:
        if not self._rows:
            return
        columns = dict.fromkeys(name for row in self._rows.values() for name in row)
        text = io.StringIO()
        writer = csv.DictWriter(text, ["step", *columns], lineterminator="\n")
        writer.writeheader()
        # What a callback logs by Lightning's own count of steps may come after a later row.
        writer.writerows({"step": step, **row} for step, row in sorted(self._rows.items()))
        write_atomically(self.path, text.getvalue())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.save()
