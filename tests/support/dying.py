"""A callback that ends its process the hard way, for tests of resuming."""

from __future__ import annotations

import os
import signal
from typing import Any

import lightning.pytorch as pl


class DieAt(pl.Callback):
    """Sends its own process a signal during a step.

    Args:
        step: the step, from 1; 0 is before the first.
        signal_name: such as SIGKILL.
    """

    def __init__(self, step: int, signal_name: str = "SIGKILL") -> None:
        self.step = step
        self.signal_name = signal_name

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if self.step == 0:
            os.kill(os.getpid(), getattr(signal, self.signal_name))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), getattr(signal, self.signal_name))
