"""Callbacks that look at a training: its losses, its validation, its samples."""

from __future__ import annotations

import copy
import math
import time
from collections import defaultdict
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from torch import Tensor

from genera.core import Autoencoding, Concluding, Generative, ImageModel, bits_per_dim
from genera.data.batches import SequentialBatches
from genera.data.image_grid import image_grid, pair_grid, save_picture
from genera.data.images import ImageSplit
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import load_weights, save_weights
from genera.training.callbacks.clock import Clock, task_of
from genera.training.tasks.task import NonFiniteLoss, Task


def log(trainer: pl.Trainer, metrics: dict[str, float], *, step: int) -> None:
    """Hand metrics to every logger; loggers write in the first process only."""
    for logger in trainer.loggers:
        logger.log_metrics(metrics, step=step)


class TrainingMetrics(pl.Callback):
    """Logs what each step reports, averaged since the last time.

    Args:
        pace: the clock of the training.
        every: steps between two rows.
    """

    def __init__(self, pace: Clock, *, every: int) -> None:
        self.pace = pace
        self.every = every
        self._sums: dict[str, float] = defaultdict(float)
        self._count = 0
        #: The last row, for the progress bar.
        self.latest: dict[str, float] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        for name, value in (outputs["scalars"] | task.step_values()).items():
            self._sums[name] += float(value)
        self._count += 1
        if task.steps % self.every == 0 or trainer.should_stop:
            self._write(trainer, task)
            self._draw_histograms(trainer, task, outputs["histograms"])

    def _write(self, trainer: pl.Trainer, task: Task) -> None:
        row = {f"train/{name}": _reduced(trainer, total, "mean") / self._count for name, total in self._sums.items()}
        if "train/nll" in row:
            row["train/bits_per_dim"] = float(bits_per_dim(-torch.tensor(row["train/nll"]), task.model.spec.num_dims))
        row |= {"epoch": self.pace.epochs, "seconds": self.pace.seconds, "cpu_seconds": self.pace.cpu_seconds}
        log(trainer, row, step=task.steps)
        self.latest = row
        self._sums.clear()
        self._count = 0

    def _draw_histograms(self, trainer: pl.Trainer, task: Task, histograms: dict[str, Tensor]) -> None:
        """What a row has the mean of only, such as the KL divergence of every latent dimension."""
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                for name, values in histograms.items():
                    logger.experiment.add_histogram(f"train/{name}", values.float(), task.steps)

    def state_dict(self) -> dict[str, Any]:
        return {"sums": dict(self._sums), "count": self._count}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._sums = defaultdict(float, state_dict["sums"])
        self._count = state_dict["count"]


class Validation(pl.Callback):
    """Validates between two steps and keeps the weights that did best; the last ones of a task that has no loss for it.

    It is not Lightning's validation loop because a checkpoint is then always made at one and the same place, between
    two training steps, whether or not a validation was due: that is what lets a killed run resume exactly.

    Args:
        images: the validation split.
        batch_size: images per batch, over all processes.
        every: steps between two validations.
        seed: of the noise, the same for every validation.
        run: where the best weights go.
    """

    def __init__(self, images: ImageSplit, *, batch_size: int, every: int, seed: int, run: RunDirectory) -> None:
        self.images = images
        self.batch_size = batch_size
        self.every = every
        self.seed = seed
        self.run = run
        self.best = float("inf")
        self.latest: dict[str, float] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        if task.steps % self.every != 0 and not trainer.should_stop:
            return
        self.latest = self._validate(trainer, task)
        log(trainer, {f"validation/{name}": value for name, value in self.latest.items()}, step=task.steps)
        task.on_validated(self.latest)
        if "loss" not in self.latest or self.latest["loss"] < self.best:
            self.best = self.latest.get("loss", self.best)
            if trainer.is_global_zero:
                save_weights(task.evaluated, self.run.weights)

    def _validate(self, trainer: pl.Trainer, task: Task) -> dict[str, float]:
        batches = SequentialBatches(
            self.images,
            batch_size=self.batch_size,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            device=trainer.strategy.root_device,
        )
        task.before_validation(seed=self.seed)
        model = task.evaluated
        model.eval()
        sums: dict[str, float] = defaultdict(float)
        count = 0
        for index, (images, labels) in enumerate(batches):
            with trainer.precision_plugin.val_step_context():
                losses = task.validation_losses((images, labels), seed=self.seed + index)
            for name, values in losses.items():
                sums[name] += float(values.double().sum())
            count += len(images)
        task.model.train()
        total = _reduced(trainer, count, "sum")
        means = {name: _reduced(trainer, value, "sum") / total for name, value in sums.items()}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise NonFiniteLoss(
                f"the validation loss is not finite after step {task.steps}: "
                f"start a new run with a lower learning rate ({task.rates})"
            )
        return means

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "latest": self.latest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]
        self.latest = state_dict["latest"]


class SampleGrids(pl.Callback):
    """Draws the same latents again and again, so that one sees the model learn.

    A model that cannot draw before it is concluded reconstructs the same validation images instead: rows of images,
    each above what came back.

    Args:
        run: where the grids go.
        validation: grids are drawn when it is due.
        seconds: least time between two grids; the last one is always drawn.
        count: images per grid.
        seed: of the latents.
    """

    def __init__(self, run: RunDirectory, *, validation: Validation, seconds: float, count: int, seed: int) -> None:
        self.run = run
        self.validation = validation
        self.seconds = seconds
        self.count = count
        self.seed = seed
        self._last = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        task = task_of(pl_module)
        due = task.steps % self.validation.every == 0 and time.monotonic() - self._last >= self.seconds
        if not (due or trainer.should_stop) or not trainer.is_global_zero:
            return
        model = task.evaluated
        model.eval()
        picture = self._picture(model, task.device)
        task.model.train()
        if picture is not None:
            save_picture(picture, self.run.samples / f"step_{task.steps:07d}.png")
        self._last = time.monotonic()

    @torch.no_grad()
    def _picture(self, model: ImageModel, device: torch.device) -> Image.Image | None:
        """None where there is nothing to see."""
        if isinstance(model, Autoencoding) and isinstance(model, Concluding):
            pixels = self.validation.images.pixels[: self.count // 2].to(device)
            return pair_grid(pixels, model.reconstruct(pixels), levels=model.spec.levels)
        if isinstance(model, Generative):
            images = model.sample(self.count, generator=torch.Generator(device).manual_seed(self.seed))
            return image_grid(images, levels=model.spec.levels)
        return None


class Conclusion(pl.Callback):
    """Lets a model do what remains to be done when training is over, with the weights that are kept.

    It must come after the validation and before the checkpoint: a training killed in between is not over yet.

    Args:
        images: the training split.
        run: where the weights are.
        seed: of what is random in it.
    """

    def __init__(self, images: ImageSplit, *, run: RunDirectory, seed: int) -> None:
        self.images = images
        self.run = run
        self.seed = seed

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        evaluated = task_of(pl_module).evaluated
        if not (trainer.should_stop and trainer.is_global_zero and isinstance(evaluated, Concluding)):
            return
        # Not the weights of the last step, which a longer training goes on from, but those of the best validation.
        model = copy.deepcopy(evaluated).cpu().eval()
        load_weights(model, self.run.weights)
        model.finalize(self.images.pixels, generator=torch.Generator().manual_seed(self.seed))
        save_weights(model, self.run.weights)


def _reduced(trainer: pl.Trainer, value: float, operation: str) -> float:
    """A number summed or averaged over all processes."""
    # Apple's devices have no float64.
    device = trainer.strategy.root_device
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return float(trainer.strategy.reduce(torch.tensor(value, dtype=dtype, device=device), reduce_op=operation))
