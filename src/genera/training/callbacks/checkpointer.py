"""Checkpoints: what lets a training go on after a kill, a full disk or Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

import lightning.pytorch as pl
from tqdm import tqdm

from genera.runs.run_directory import RunDirectory

#: A training ends when its duration is over, or by a signal, after which it can be resumed.
StopReason = Literal["finished", "SIGINT", "SIGTERM"]


class Interrupted(Exception):
    """A signal asked the training to stop. A checkpoint of the last step is there, unless it was asked twice.

    Args:
        signal_number: of the signal.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.reason: StopReason = "SIGINT" if signal_number == signal.SIGINT else "SIGTERM"


class Checkpointer:
    """Saves ``checkpoints/last.ckpt`` between two steps, so that a resumed training continues exactly where it was.

    Args:
        run: where the checkpoint goes.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self._signal: int | None = None

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a checkpoint and :class:`Interrupted`; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread may set handlers; a notebook's or a server's thread goes without.
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def save(self, trainer: pl.Trainer) -> None:
        """Save loggers and checkpoint, each file whole or not at all."""
        for logger in trainer.loggers:
            logger.save()
        trainer.save_checkpoint(self.run.checkpoint)

    def stop_signal(self, trainer: pl.Trainer) -> int | None:
        """The signal that asked to stop; all processes follow the first."""
        return trainer.strategy.broadcast(self._signal) if trainer.world_size > 1 else self._signal

    def raise_if_interrupted(self, stop_signal: int | None) -> None:
        """End the training after its checkpoint.

        Raises:
            Interrupted: there was a signal.
        """
        if stop_signal is not None:
            raise Interrupted(stop_signal)

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise Interrupted(signal_number)
        self._signal = signal_number
        tqdm.write("stopping after this step with a checkpoint; once more to stop at once", file=sys.stderr)
