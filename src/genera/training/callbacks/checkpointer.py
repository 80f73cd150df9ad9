"""Saves checkpoints, and stops a training after a signal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

import lightning.pytorch as pl
from tqdm.auto import tqdm

from genera.runs.run_directory import RunDirectory
from genera.training.callbacks.due import Due

#: Its duration is over, a callback stopped it, or a signal did; after a signal it can be resumed.
StopReason = Literal["finished", "callback", "SIGINT", "SIGTERM"]


class Interrupted(Exception):
    """A signal stopped the training, after a checkpoint unless it was sent twice."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.reason: StopReason = "SIGINT" if signal_number == signal.SIGINT else "SIGTERM"


class Checkpointer:
    """Saves ``checkpoints/last.ckpt`` between two steps, for an exact resume."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self._signal: int | None = None

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Handle Ctrl-C and SIGTERM: the first stops after a checkpoint, a second one raises :class:`Interrupted`."""
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread can set signal handlers.
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None if it was not set from Python.
                signal.signal(number, handler or signal.SIG_DFL)

    def save(self, trainer: pl.Trainer) -> None:
        """Save loggers and checkpoint, each file atomically."""
        for logger in trainer.loggers:
            logger.save()
        trainer.save_checkpoint(self.run.checkpoint)

    def save_if_due(self, trainer: pl.Trainer, due: Due) -> None:
        """Save if a checkpoint is due in the first process, or a signal asked it to stop.

        Raises:
            Interrupted: a signal did; after the checkpoint.
        """
        stop_signal, is_due = self._signal, due.checkpoint(trainer, is_requested=self._signal is not None)
        if trainer.world_size > 1:
            # They save it together.
            stop_signal, is_due = trainer.strategy.broadcast((stop_signal, is_due))
        if is_due:
            self.save(trainer)
        if stop_signal is not None:
            raise Interrupted(stop_signal)

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise Interrupted(signal_number)
        self._signal = signal_number
        tqdm.write("stopping after this step with a checkpoint; once more to stop at once", file=sys.stderr)
