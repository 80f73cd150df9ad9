"""The clock of a training: measures time and progress, seeds every step, and stops the training."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import lightning.pytorch as pl
import torch
from tqdm.auto import tqdm

from genera.core import Progress
from genera.training.callbacks.due import Due
from genera.training.duration import Duration
from genera.training.seeding import global_generators_kept, seed_global_generators, step_seed
from genera.training.tasks import Task
from genera.training.time_reserve import TimeReserve

#: A budget with fewer steps is too short for any training. The first steps are too slow to estimate the reserve from.
_FEW_STEPS = 5


class Clock(pl.Callback):
    """Measures time, seeds every step and stops the training when its duration is over.

    Args:
        duration: of the training.
        due: decides after which steps there is a validation.
        reserve: time of a budget that is kept for the last validation.
        seed: of all noise.
        started: value of :func:`time.monotonic` at the start.
    """

    def __init__(self, duration: Duration, *, due: Due, reserve: TimeReserve, seed: int, started: float) -> None:
        self.duration = duration
        self.due = due
        self.reserve = reserve
        self.seed = seed
        #: Restores the global generators, which every step seeds; to be closed after the training.
        self.generators_kept = ExitStack()
        self._started = started
        self._cpu_started = time.process_time()
        #: Whether this process has started, or resumed, training.
        self.is_running = False
        #: Time spent in training steps, without validation, sample grids and checkpoints.
        self.step_seconds = 0.0
        self._step_started = 0.0
        self._step_ended = 0.0
        self._has_warned = False
        #: The current progress, the same in every process.
        self.progress = Progress(step=0, epoch=0.0, fraction=0.0)

    @property
    def epochs(self) -> float:
        """Passes over the training images so far; with a time budget ``progress.epoch`` differs."""
        return self.progress.step / self.duration.steps_per_epoch

    @property
    def seconds(self) -> float:
        """Wall time of this training, including the time before it was resumed."""
        return time.monotonic() - self._started

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this process, including the time before it was resumed."""
        return time.process_time() - self._cpu_started

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        task = task_of(pl_module)
        self._update_progress(trainer, task)
        task.is_standalone = False
        self.generators_kept.enter_context(global_generators_kept(task.device))
        self.is_running = True

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        self._update_progress(trainer, task)
        seed = step_seed(self.seed, task.steps, rank=trainer.global_rank)
        task.noise = torch.Generator(task.device).manual_seed(seed)
        seed_global_generators(seed)
        task.advance(self.progress)
        self._step_started = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        self._step_ended = time.monotonic()
        self.step_seconds += self._step_ended - self._step_started
        self.reserve.add_step(self._step_ended - self._step_started)
        # A validation that is due is the last one if no further step fits between it and another validation.
        ahead = self.reserve.validation if self.due.is_regular_validation(task.steps) else 0.0
        self._stop_if_over(trainer, task, ahead=ahead)

    def end_validation(self, trainer: pl.Trainer, task: Task) -> None:
        """Measure the duration of a regular validation, and stop the training if it used up the budget."""
        if not trainer.should_stop:
            self.reserve.add_validation(time.monotonic() - self._step_ended)
            self._stop_if_over(trainer, task)

    def _stop_if_over(self, trainer: pl.Trainer, task: Task, *, ahead: float = 0.0) -> None:
        self._update_progress(trainer, task, ahead=ahead)
        if self.duration.is_over(self.progress):
            trainer.should_stop = True
        budget, reserve = self.duration.budget, self.reserve
        if not trainer.is_global_zero or budget is None or self._has_warned:
            return
        is_over, has_few_steps = self.progress.fraction >= 1, self.progress.step < _FEW_STEPS
        if (is_over and has_few_steps) or ((is_over or not has_few_steps) and reserve.seconds > budget / 2):
            self._has_warned = True
            tqdm.write(
                f"a budget of {budget:g} s is short for this training: a step takes {round(reserve.step, 2):g} s and "
                f"the last validation about {round(reserve.validation, 2):g} s; a larger --budget or fewer "
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
        self._started -= state_dict["seconds"]
        self._cpu_started -= state_dict["cpu_seconds"]
        self.step_seconds = state_dict["step_seconds"]
        self.reserve.load_state_dict(state_dict["reserve"])

    def _update_progress(self, trainer: pl.Trainer, task: Task, *, ahead: float = 0.0) -> None:
        """Set the progress to the current one, or to that in ``ahead`` seconds."""
        seconds, reserve = self.seconds + ahead, self.reserve.seconds
        if trainer.world_size > 1 and self.duration.budget is not None:
            # Every process must follow the same schedule and stop at the same step.
            seconds, reserve = trainer.strategy.broadcast((seconds, reserve))
        progress = self.duration.progress(task.steps, seconds, reserve=reserve)
        # The first steps are slow and make the reserve too large; schedules must not go back when it shrinks.
        epoch, fraction = (max(getattr(progress, name), getattr(self.progress, name)) for name in ("epoch", "fraction"))
        self.progress = replace(progress, epoch=epoch, fraction=fraction)


def task_of(module: pl.LightningModule) -> Task:
    """The module that a callback is called with, as a task."""
    assert isinstance(module, Task)
    return module
