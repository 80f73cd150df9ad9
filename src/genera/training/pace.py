"""Callbacks that lead a training from step to step."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import lightning.pytorch as pl
import torch

from genera.core import Progress
from genera.training.seeding import global_generators_kept, seed_global_generators, step_seed
from genera.training.span import Span
from genera.training.task import Task


class Pace(pl.Callback):
    """Keeps the time, seeds every step, moves the schedules along and ends the training.

    Args:
        span: how long the training is.
        seed: of all noise.
        started: value of :func:`time.monotonic` from which time counts.
    """

    def __init__(self, span: Span, *, seed: int, started: float) -> None:
        self.span = span
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
        self.step_seconds += time.monotonic() - self._step_started
        self._look_at_the_clock(trainer, task)
        if self.span.is_over(self.progress):
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds, "step_seconds": self.step_seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._seconds_before = state_dict["seconds"]
        self._cpu_seconds_before = state_dict["cpu_seconds"]
        self.step_seconds = state_dict["step_seconds"]

    def _look_at_the_clock(self, trainer: pl.Trainer, task: Task) -> None:
        seconds = self.seconds
        if trainer.world_size > 1 and self.span.budget is not None:
            # Every process must follow the same schedule and stop at the same step.
            seconds = trainer.strategy.broadcast(seconds)
        self.progress = self.span.progress(task.steps, seconds)


def task_of(module: pl.LightningModule) -> Task:
    """The task a callback was called with."""
    assert isinstance(module, Task)
    return module
