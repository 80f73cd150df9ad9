"""What is to be done after which step: the one place that decides it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import lightning.pytorch as pl

#: Least time between two grids of samples.
_GRID_SECONDS = 30.0


@dataclass
class Due:
    """Whether something is to be done after a step. After the last step of a training everything is.

    Args:
        log_every: steps between two rows of ``metrics.csv``.
        validate_every: steps between two validations.
        steps_per_epoch: optimiser steps in one epoch.
        checkpoint_seconds: time between two checkpoints.
    """

    log_every: int
    validate_every: int
    steps_per_epoch: int
    checkpoint_seconds: float
    _last_grid: float = field(default_factory=time.monotonic, init=False)
    _last_checkpoint: float = field(default_factory=time.monotonic, init=False)

    def log(self, trainer: pl.Trainer, step: int) -> bool:
        """A row of ``metrics.csv``."""
        return trainer.should_stop or step % self.log_every == 0

    def validation(self, trainer: pl.Trainer, step: int) -> bool:
        """A validation, after which weights are kept and probes see samples."""
        return trainer.should_stop or self.is_regular_validation(step)

    def is_regular_validation(self, step: int) -> bool:
        """Whether a validation comes after this step wherever the training ends."""
        return step % self.validate_every == 0

    def epoch_end(self, step: int) -> bool:
        """What is summed over an epoch."""
        return step % self.steps_per_epoch == 0

    def sample_grid(self, trainer: pl.Trainer) -> bool:
        """A grid of samples, after a validation; in the first process only."""
        now = time.monotonic()
        if not trainer.is_global_zero or not (trainer.should_stop or now - self._last_grid >= _GRID_SECONDS):
            return False
        self._last_grid = now
        return True

    def checkpoint(self, trainer: pl.Trainer, *, is_asked_for: bool) -> bool:
        """A checkpoint; all processes follow the clock and the signals of the first, as they save it together."""
        now = time.monotonic()
        is_due = is_asked_for or trainer.should_stop or now - self._last_checkpoint >= self.checkpoint_seconds
        if trainer.world_size > 1:
            is_due = trainer.strategy.broadcast(is_due)
        if is_due:
            self._last_checkpoint = now
        return is_due
