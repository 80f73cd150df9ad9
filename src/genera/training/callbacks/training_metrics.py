"""Values of training steps, averaged between two rows of ``metrics.csv``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from genera.core import bits_per_dim
from genera.training.callbacks.clock import Clock
from genera.training.tasks import Task


class TrainingMetrics:
    """Means over the steps since the last row."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._sums: dict[str, float] = defaultdict(float)
        self._count = 0
        #: The last row, for the progress bar.
        self.latest: dict[str, float] = {}

    def add(self, values: Mapping[str, Tensor | float]) -> None:
        """Add the values of a step."""
        for name, value in values.items():
            self._sums[name] += float(value)
        self._count += 1

    def log(self, trainer: pl.Trainer, task: Task, histograms: Mapping[str, Tensor]) -> None:
        """Log a row and start the next one; histograms are of values of which the row has only the mean."""
        row = {f"train/{name}": reduced(trainer, total, "mean") / self._count for name, total in self._sums.items()}
        if "train/nll" in row:
            row["train/bits_per_dim"] = float(bits_per_dim(-torch.tensor(row["train/nll"]), task.model.spec.num_dims))
        row |= {"epoch": self.clock.epochs, "seconds": self.clock.seconds, "cpu_seconds": self.clock.cpu_seconds}
        log(trainer, row, step=task.steps)
        self.latest = row
        self._sums.clear()
        self._count = 0
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                for name, values in histograms.items():
                    logger.experiment.add_histogram(f"train/{name}", values.float(), task.steps)

    def state_dict(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sums = defaultdict(float, state["sums"])
        self._count = state["count"]


def log(trainer: pl.Trainer, metrics: dict[str, float], *, step: int) -> None:
    """Pass metrics to every logger."""
    for logger in trainer.loggers:
        logger.log_metrics(metrics, step=step)


def reduced(trainer: pl.Trainer, value: float, operation: str) -> float:
    """The sum or mean of a number over all processes."""
    # MPS has no float64.
    device = trainer.strategy.root_device
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return float(trainer.strategy.reduce(torch.tensor(value, dtype=dtype, device=device), reduce_op=operation))
