"""The logger of ``metrics.csv``."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from tqdm.auto import tqdm

from genera.core.files import write_atomically
from genera.runs.readers import read_table


class TableLogger(Logger):
    """Writes ``metrics.csv``: one row per step, one column per metric, columns added as they appear.

    Unlike Lightning's CSV logger it writes atomically, and a resumed run extends the file. Values that are not finite,
    which probes and callbacks may log, are skipped; there is no file before the first row.

    Args:
        path: the file.
        resume_step: keep the rows up to this step and drop later ones, which the resumed run writes again.
        logged_step: the last step that the table of a resumed run must contain.

    Raises:
        ValueError: the table of a resumed run is damaged.
    """

    def __init__(self, path: Path, *, resume_step: int | None = None, logged_step: int = 0) -> None:
        super().__init__()
        self.path = path
        self._rows: dict[int, dict[str, float]] = {}
        self._skipped: set[str] = set()
        if resume_step is not None and path.is_file():
            rows = read_table(path)
            if max(rows) < logged_step:
                raise ValueError(
                    f"{path} is damaged (it ends at step {max(rows)}, and step {logged_step} was logged): "
                    "restore it, or delete it and lose what was logged before"
                )
            self._rows = {step: row for step, row in rows.items() if step <= resume_step}

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
        for name in metrics.keys() - finite.keys() - self._skipped:
            self._skipped.add(name)
            tqdm.write(f"{name} is {metrics[name]} at step {step}: {self.path.name} skips it", file=sys.stderr)
        self._rows.setdefault(step, {}).update(finite)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: settings are in ``config.yaml``."""

    @rank_zero_only
    def save(self) -> None:
        if not self._rows:
            return
        columns = dict.fromkeys(name for row in self._rows.values() for name in row)
        text = io.StringIO()
        writer = csv.DictWriter(text, ["step", *columns], lineterminator="\n")
        writer.writeheader()
        # Callbacks that log with Lightning's step count may add earlier rows.
        writer.writerows({"step": step, **row} for step, row in sorted(self._rows.items()))
        write_atomically(self.path, text.getvalue())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.save()
