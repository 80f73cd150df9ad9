"""Callbacks that lead a training from step to step."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import lightning.pytorch as pl
import torch
from tqdm import tqdm

from genera.core import Progress
from genera.training.duration import Duration
from genera.training.seeding import global_generators_kept, seed_global_generators, step_seed
from genera.training.tasks.task import Task
from genera.training.time_reserve import TimeReserve

#: With fewer steps a budget is too short for any training.
_FEW_STEPS = 5


class Clock(pl.Callback):
    """Keeps the time, seeds every step, moves the schedules along and ends the training.

    Args:
        span: how long the training is.
        reserve: what a budget keeps for its end.
        validate_every: steps between two validations.
        seed: of all noise.
        started: value of :func:`time.monotonic` from which time counts.
    """

    def __init__(self, span: Duration, *, reserve: TimeReserve, validate_every: int, seed: int, started: float) -> None:
        self.span = span
        self.reserve = reserve
        self.validate_every = validate_every
        self.seed = seed
        #: To be left when training is over: puts back the global generators, which every step seeds.
        self.generators_kept = ExitStack()
        self._started = started
        self._seconds_before = 0.0
        self._cpu_started = time.process_time()
        self._cpu_seconds_before = 0.0
        #: Whether training has begun, or gone on, in this sitting.
        self.is_running = False
        #: Time spent in training steps alone: without validation, pictures and checkpoints.
        self.step_seconds = 0.0
        self._step_started = 0.0
        self._step_ended = 0.0
        self._has_warned = False
        #: Where training stands, the same in every process.
        self.progress = Progress(step=0, epoch=0.0, fraction=0.0)

    @property
    def epochs(self) -> float:
        """Passes over the training images made so far; the plan of a time budget may count otherwise."""
        return self.progress.step / self.span.steps_per_epoch

    @property
    def seconds(self) -> float:
        """Wall time spent on this training, earlier sittings included."""
        return self._seconds_before + time.monotonic() - self._started

    @property
    def cpu_seconds(self) -> float:
        """Processor time of this process, earlier sittings included."""
        return self._cpu_seconds_before + time.process_time() - self._cpu_started

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        task = task_of(pl_module)
        self._look_at_the_clock(trainer, task)
        self.generators_kept.enter_context(global_generators_kept(task.device))
        self.is_running = True

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        self._look_at_the_clock(trainer, task)
        seed = step_seed(self.seed, task.steps, rank=trainer.global_rank)
        task.noise = torch.Generator(task.device).manual_seed(seed)
        seed_global_generators(seed)
        task.advance(self.progress)
        self._step_started = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        task.after_step()
        self._step_ended = time.monotonic()
        self.step_seconds += self._step_ended - self._step_started
        self.reserve.add_step(self._step_ended - self._step_started)
        # A validation that is due may be the last: when no further step fits between it and another.
        self._stop_if_over(trainer, task, ahead=self.reserve.validation if self._is_validated(task) else 0.0)

    def after_validation(self, trainer: pl.Trainer, task: Task) -> None:
        """Take in how long a validation took, where there was one; end a training that it has used up the budget of."""
        if self._is_validated(task) and not trainer.should_stop:
            self.reserve.add_validation(time.monotonic() - self._step_ended)
            self._stop_if_over(trainer, task)

    def _is_validated(self, task: Task) -> bool:
        return task.steps % self.validate_every == 0

    def _stop_if_over(self, trainer: pl.Trainer, task: Task, *, ahead: float = 0.0) -> None:
        self._look_at_the_clock(trainer, task, ahead=ahead)
        if self.span.is_over(self.progress):
            trainer.should_stop = True
        if trainer.is_global_zero and self.span.budget is not None and not self._has_warned:
            self._warn_of_a_short_budget(self.span.budget)

    def _warn_of_a_short_budget(self, budget: float) -> None:
        reserve, is_over = self.reserve, self.progress.fraction >= 1
        is_few = is_over and self.progress.step < _FEW_STEPS
        # The first steps are slow, and an estimate by them is too long.
        is_known = is_over or self.progress.step >= _FEW_STEPS
        if is_few or (is_known and reserve.seconds > budget / 2):
            self._has_warned = True
            tqdm.write(
                f"a budget of {budget:g} s is short for this training: a step takes {_rounded(reserve.step)} and the "
                f"last validation about {_rounded(reserve.validation)}; a larger --budget or fewer "
                "--validation_images help",
                file=sys.stderr,
            )

    def state_dict(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "step_seconds": self.step_seconds,
            "reserve": self.reserve.state_dict(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._seconds_before = state_dict["seconds"]
        self._cpu_seconds_before = state_dict["cpu_seconds"]
        self.step_seconds = state_dict["step_seconds"]
        self.reserve.load_state_dict(state_dict["reserve"])

    def _look_at_the_clock(self, trainer: pl.Trainer, task: Task, *, ahead: float = 0.0) -> None:
        """See where training stands, or will stand before the next step, which begins some seconds ahead."""
        seconds, reserve = self.seconds + ahead, self.reserve.seconds
        if trainer.world_size > 1 and self.span.budget is not None:
            # Every process must follow the same schedule and stop at the same step.
            seconds, reserve = trainer.strategy.broadcast((seconds, reserve))
        progress = self.span.progress(task.steps, seconds, reserve=reserve)
        # A reserve that was too large, as the first steps are slow, must not take schedules back.
        epoch, fraction = (max(getattr(progress, name), getattr(self.progress, name)) for name in ("epoch", "fraction"))
        self.progress = replace(progress, epoch=epoch, fraction=fraction)


class Deadline(pl.Callback):
    """Lets the pace know that a validation is over, with all that is done along with it.

    It must come after those who look at the training, and before those who act on its end.

    Args:
        pace: the clock of the training.
    """

    def __init__(self, pace: Clock) -> None:
        self.pace = pace

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.pace.after_validation(trainer, task_of(pl_module))


def _rounded(seconds: float) -> str:
    return f"{round(seconds, 2):g} s"


def task_of(module: pl.LightningModule) -> Task:
    """The task a callback was called with."""
    assert isinstance(module, Task)
    return module
