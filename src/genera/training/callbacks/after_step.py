"""Everything that happens after a training step, in one place and one order."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch

from genera.core import ImageModel, Probe
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import load_weights, save_weights
from genera.training.callbacks.checkpointer import Checkpointer
from genera.training.callbacks.clock import Clock, task_of
from genera.training.callbacks.contention_monitor import ContentionMonitor
from genera.training.callbacks.discriminator_monitor import DiscriminatorMonitor
from genera.training.callbacks.progress_bar import ProgressBar
from genera.training.callbacks.sample_grids import SampleGrids
from genera.training.callbacks.sample_probes import SampleProbes
from genera.training.callbacks.training_metrics import TrainingMetrics
from genera.training.callbacks.validation import Validation
from genera.training.data_module import DataModule
from genera.training.seeding import global_generators_kept, seed_global_generators
from genera.training.tasks import Task


class AfterStep(pl.Callback):
    """Logs, validates, samples and saves checkpoints, in the order of :meth:`on_train_batch_end`.

    The order matters, so this is one callback, and the last one: a checkpoint contains everything that happened after
    its step, and a resumed training neither repeats nor skips any of it. Validation replaces Lightning's loop, so that
    checkpoints are always saved between two steps, with or without a validation.

    Args:
        run: the run directory.
        clock: of the training.
        data: the images, and the seed of validation, samples and probes, which have the same noise every time.
        levels: number of pixel values.
        probes: functions of samples to evaluate after every validation.
    """

    def __init__(
        self, run: RunDirectory, *, clock: Clock, data: DataModule, levels: int, probes: Sequence[Probe]
    ) -> None:
        self.run = run
        self.clock = clock
        self.seed = seed = data.seed
        self.train_images = data.images
        self.metrics = TrainingMetrics(clock)
        self.validation = Validation(data.validation_images, batch_size=data.batch_size, seed=seed, run=run)
        self.sample_grids = SampleGrids(run, images=data.validation_images, seed=seed)
        self.sample_probes = SampleProbes(probes, images=data.validation_images, levels=levels, seed=seed)
        self.discriminator_monitor = DiscriminatorMonitor()
        self.contention_monitor = ContentionMonitor()
        self.progress_bar = ProgressBar(clock, metrics=self.metrics, validation=self.validation)
        self.checkpointer = Checkpointer(run)
        self._stateful: dict[str, TrainingMetrics | Validation | SampleProbes | DiscriminatorMonitor] = {
            "metrics": self.metrics,
            "validation": self.validation,
            "sample_probes": self.sample_probes,
            "discriminator_monitor": self.discriminator_monitor,
        }

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self.sample_probes.measure_images()
            self.progress_bar.open()
        self.contention_monitor.start(trainer)
        if trainer.global_step == 0:
            self.checkpointer.save_if_due(trainer, self.clock.due)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task, due = task_of(pl_module), self.clock.due
        step = task.steps
        self.metrics.add(outputs["scalars"] | task.step_values())
        if due.validation(trainer, step):
            with evaluating(task, seed=self.seed) as model:
                self.validation.validate(trainer, task)
                self.sample_probes.measure_samples(trainer, model, device=task.device, step=step)
                # Measured with the validation, whose time may be the last of a budget.
                if has_grid := due.sample_grid(trainer):
                    self.sample_grids.save(model, device=task.device, step=step)
            self.clock.end_validation(trainer, task)
            if not has_grid and due.sample_grid(trainer):
                with evaluating(task, seed=self.seed) as model:
                    self.sample_grids.save(model, device=task.device, step=step)
        if due.log(trainer, step):
            self.metrics.log(trainer, task, outputs["histograms"])
        self.discriminator_monitor.add(trainer, outputs["scalars"], is_epoch_end=due.epoch_end(step))
        self.contention_monitor.check()
        self.progress_bar.update(step)
        if due.finalize(trainer):
            self._finalize(task.evaluated_model)
        self.checkpointer.save_if_due(trainer, due)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.progress_bar.close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self.progress_bar.close()

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._stateful.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for name, part in self._stateful.items():
            part.load_state_dict(state_dict[name])

    def _finalize(self, evaluated_model: ImageModel) -> None:
        """Finalize the saved model before the last checkpoint, so that a run killed in between is not yet finished."""
        if not evaluated_model.needs_finalize:
            return
        # Not the weights of the last step, from which a longer training continues, but those of the best validation.
        model = copy.deepcopy(evaluated_model).cpu().eval()
        load_weights(model, self.run.weights)
        model.finalize(self.train_images.pixels, generator=torch.Generator().manual_seed(self.seed))
        save_weights(model, self.run.weights)


@contextmanager
def evaluating(task: Task, *, seed: int) -> Iterator[ImageModel]:
    """Yield the evaluated model in evaluation mode, with seeded global generators; then return to training mode."""
    task.before_validation(seed=seed)
    model = task.evaluated_model.eval()
    with global_generators_kept(task.device), torch.no_grad():
        seed_global_generators(seed)
        yield model
    task.model.train()
