"""What a training returns."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from genera.config.model import load_run
from genera.core import ImageModel
from genera.core.files import png_html
from genera.runs.readers import read_table
from genera.runs.run_directory import RunDirectory
from genera.training.callbacks.checkpointer import StopReason


@dataclass(frozen=True)
class TrainingResult:
    """A training that is over, or was interrupted.

    Args:
        run: path of the run directory.
        steps: optimiser steps taken; of two players the generator's.
        best_validation: the lowest validation loss, in nats per image; None for tasks that have none.
        stop_reason: why it stopped.
        allow: packages that the recipe was allowed to name.
    """

    run: Path
    steps: int
    best_validation: float | None
    stop_reason: StopReason
    allow: Sequence[str] = ()

    def load(self, *, device: torch.device | str = "cpu") -> ImageModel:
        """The trained model in evaluation mode: the best validated weights, of two players the last.

        Raises:
            ValueError: a file of the run is damaged.
        """
        return load_run(RunDirectory(self.run), device=device, allow=self.allow)

    def metrics(self) -> dict[str, list[float]]:
        """``metrics.csv`` by column, with ``step``; NaN where a row has no value.

        Raises:
            ValueError: the file is missing or damaged.
        """
        table = read_table(RunDirectory(self.run).metrics)
        columns = dict.fromkeys(name for row in table.values() for name in row)
        values = {name: [row.get(name, math.nan) for row in table.values()] for name in columns}
        return {"step": [float(step) for step in table], **values}

    def _repr_html_(self) -> str:
        """A table and the last grid of samples, in a notebook."""
        best = "–" if self.best_validation is None else f"{self.best_validation:.2f} nats per image"
        cells = {"run": str(self.run), "steps": f"{self.steps:,}", "best validation": best, "stopped": self.stop_reason}
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in cells.items())
        grids = sorted(RunDirectory(self.run).samples.glob("*.png"))
        return f"<table>{rows}</table>{''.join(png_html(grid.read_bytes(), alt='samples') for grid in grids[-1:])}"
