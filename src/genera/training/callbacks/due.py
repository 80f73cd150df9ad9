"""Decides what happens after which step."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import lightning.pytorch as pl

#: Minimum time between sample grids.
_GRID_SECONDS = 30.0


@dataclass
class Due:
    """Whether something is due after a step. After the last step of a training everything is.

    Args:
        log_every: steps between rows of ``metrics.csv``.
        validate_every: steps between validations.
        steps_per_epoch: optimiser steps in one epoch.
        checkpoint_seconds: time between checkpoints.
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
        """A validation, after which weights are saved and probes are evaluated."""
        return trainer.should_stop or self.is_regular_validation(step)

    def is_regular_validation(self, step: int) -> bool:
        """Whether there is a validation after this step even if it is not the last one."""
        return step % self.validate_every == 0

    def epoch_end(self, step: int) -> bool:
        """The end of an epoch."""
        return step % self.steps_per_epoch == 0

    def sample_grid(self, trainer: pl.Trainer) -> bool:
        """A grid of samples after a validation, in the first process only."""
        now = time.monotonic()
        if not trainer.is_global_zero or not (trainer.should_stop or now - self._last_grid >= _GRID_SECONDS):
            return False
        self._last_grid = now
        return True

    def finalize(self, trainer: pl.Trainer) -> bool:
        """What a model does once at the end, in the first process only."""
        return trainer.should_stop and trainer.is_global_zero

    def checkpoint(self, trainer: pl.Trainer, *, is_requested: bool) -> bool:
        """A checkpoint, for which all processes follow the first: one before the first step as well."""
        now = time.monotonic()
        is_first_or_last = trainer.global_step == 0 or trainer.should_stop
        is_due = is_requested or is_first_or_last or now - self._last_checkpoint >= self.checkpoint_seconds
        if is_due:
            self._last_checkpoint = now
        return is_due
