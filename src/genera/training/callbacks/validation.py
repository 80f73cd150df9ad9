"""Validation, and saving the best weights."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import lightning.pytorch as pl

from genera.data import ImageSplit, SequentialBatches
from genera.runs.run_directory import RunDirectory
from genera.runs.weights import save_weights
from genera.training.callbacks.training_metrics import log, reduced
from genera.training.tasks import NonFiniteLoss, Task


class Validation:
    """Validates, and saves the weights with the best loss; for a task without a validation loss, the last weights.

    Args:
        images: the validation split.
        batch_size: images per batch, over all processes.
        seed: of the noise, the same for every validation.
        run: receives the weights.
    """

    def __init__(self, images: ImageSplit, *, batch_size: int, seed: int, run: RunDirectory) -> None:
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.run = run
        self.best = float("inf")
        #: Means of the last validation, by name.
        self.latest: dict[str, float] = {}

    def validate(self, trainer: pl.Trainer, task: Task) -> None:
        """Validate the evaluated model, which must be in evaluation mode, and save it if it is the best so far.

        Raises:
            NonFiniteLoss: a mean is not finite.
        """
        self.latest = self._means(trainer, task)
        log(trainer, {f"validation/{name}": value for name, value in self.latest.items()}, step=task.steps)
        task.after_validation(self.latest)
        if "loss" not in self.latest or self.latest["loss"] < self.best:
            self.best = self.latest.get("loss", self.best)
            if trainer.is_global_zero:
                save_weights(task.evaluated_model, self.run.weights)

    def _means(self, trainer: pl.Trainer, task: Task) -> dict[str, float]:
        """Means over the images of all processes."""
        batches = SequentialBatches(
            self.images,
            batch_size=self.batch_size,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            device=trainer.strategy.root_device,
        )
        sums: dict[str, float] = defaultdict(float)
        count = 0
        for index, (images, labels) in enumerate(batches):
            with trainer.precision_plugin.val_step_context():
                losses = task.validation_losses((images, labels), seed=self.seed + index)
            for name, values in losses.items():
                sums[name] += float(values.double().sum())
            count += len(images)
        total = reduced(trainer, count, "sum")
        means = {name: reduced(trainer, value, "sum") / total for name, value in sums.items()}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise NonFiniteLoss(
                f"the validation loss is not finite after step {task.steps}: "
                f"start a new run with a lower learning rate ({task.learning_rate_options})"
            )
        return means

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "latest": self.latest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]
        self.latest = state["latest"]
