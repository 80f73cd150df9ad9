"""Checkpoints: what lets a training go on after a kill, a full disk or Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from tqdm import tqdm

from genera.runs.run_directory import RunDirectory


class Interrupted(Exception):
    """Training was asked to stop: a checkpoint of the last step is there, unless it was asked twice.

    Args:
        signal_number: which signal asked.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


class Checkpointer(pl.Callback):
    """Saves ``checkpoints/last.ckpt`` before the first step, at intervals, at the end, and when asked to stop.

    It does so between two steps, so that a resumed training goes on exactly where it was.

    It must be the last of the callbacks, so that what the others did at this step is in the checkpoint.

    Args:
        run: where the checkpoint goes.
        seconds: time between two checkpoints.
    """

    def __init__(self, run: RunDirectory, *, seconds: float) -> None:
        self.run = run
        self.seconds = seconds
        self._last = time.monotonic()
        self._signal: int | None = None

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a checkpoint and :class:`Interrupted`; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread may set handlers; a notebook's or a server's thread goes without.
            yield
            return
        before = {number: signal.signal(number, self._asked_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.global_step == 0:
            self._save(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        stop_signal, due = self._signal, time.monotonic() - self._last >= self.seconds
        if trainer.world_size > 1:
            # Saving is a common act: all processes follow the clock and the signals of the first.
            stop_signal, due = trainer.strategy.broadcast((stop_signal, due))
        if due or trainer.should_stop or stop_signal is not None:
            self._save(trainer)
        if stop_signal is not None:
            raise Interrupted(stop_signal)

    def _save(self, trainer: pl.Trainer) -> None:
        for logger in trainer.loggers:
            logger.save()
        trainer.save_checkpoint(self.run.checkpoint)
        self._last = time.monotonic()

    def _asked_to_stop(self, signal_number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise Interrupted(signal_number)
        self._signal = signal_number
        tqdm.write("stopping after this step with a checkpoint; once more to stop at once", file=sys.stderr)
