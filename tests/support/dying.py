"""A callback that kills its own process, for tests of resuming."""

from __future__ import annotations

import os
import signal
from typing import Any

import lightning.pytorch as pl
import yaml


def dying(step: int, signal_name: str) -> tuple[str, ...]:
    """Arguments of ``genera train`` that kill the training at a step."""
    callback = {"class_path": "dying.DieAt", "init_args": {"step": step, "signal_name": signal_name}}
    return ("--allow", "dying", "--callbacks", yaml.safe_dump([callback], default_flow_style=True))


class DieAt(pl.Callback):
    """Sends its own process a signal during a step.

    Args:
        step: the number of the step; 0 is before the first.
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
