"""What every way of optimising has in common: schedules, averaged weights, validation, and a stop at the first NaN."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

from genera.core import ImageModel, Loss, Progress, Schedule
from genera.optim import averaged

Batch = tuple[Tensor, Tensor | None]


class NonFiniteLoss(FloatingPointError):
    """A loss or a gradient was not finite; what was saved before is still good."""


class Task(pl.LightningModule, ABC):
    """A way of optimising a model.

    A task is a complete LightningModule. Under any ``Trainer``, with loaders of ``(images, labels)``, it sets the model
    up from the first batch, moves its schedules, keeps averaged weights, validates and logs; its checkpoints resume it.
    :func:`genera.train` adds a time budget, exact resume in the middle of an epoch, and a run directory. A model that
    has something to do at the end, such as :class:`genera.vaes.Autoencoder`, then needs a call of its ``finalize``.

    Args:
        model: what to train.
        schedule: factor on every learning rate, as a function of progress.
        average_decay: validate and keep an exponential moving average of the weights with this decay.

    Attributes:
        noise: generator of all noise of a step; torch's global one where None.
        progress: returns where training stands, before each step; by default by the limits of the trainer.
    """

    model: ImageModel
    #: The options that set the learning rates, for messages.
    learning_rate_options: str
    _is_initialized: Tensor

    def __init__(self, model: ImageModel, *, schedule: Schedule | None, average_decay: float | None) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule
        self.average = None if average_decay is None else averaged(model, decay=average_decay)
        self.noise: torch.Generator | None = None
        self.progress: Callable[[], Progress] = self._progress_of_trainer
        self.register_buffer("_is_initialized", torch.tensor(False))

    @property
    def evaluated_model(self) -> ImageModel:
        """The model that is validated, sampled from and kept: the average where there is one."""
        if self.average is None:
            return self.model
        assert isinstance(self.average.module, ImageModel)
        return self.average.module

    @property
    def steps(self) -> int:
        """Optimiser steps taken; of two players the generator's."""
        return self.trainer.global_step

    @abstractmethod
    def step_values(self) -> dict[str, float]:
        """Values of the last step besides its losses, by name: gradient norms and learning rates."""

    @abstractmethod
    def validation_losses(self, batch: Batch, *, seed: int) -> dict[str, Tensor]:
        """Per-image values ``(B,)`` of a validation batch, with noise that depends on the seed alone.

        ``loss`` selects the best weights; where it is missing, the last weights are kept.
        """

    def before_validation(self, *, seed: int) -> None:
        """Make the evaluated model ready."""

    def after_validation(self, values: dict[str, float]) -> None:
        """Use the means of a validation, for example to lower the learning rate."""

    def check(self, start: Progress, *, batch_size: int) -> None:
        """Find settings that do not fit the training, such as a schedule longer than it, before anything is written.

        Args:
            start: progress before the first step.
            batch_size: images per step in each process.

        Raises:
            ValueError: a setting does not fit.
        """
        self.model.advance(start)
        if self.schedule is not None:
            self.schedule(start)

    def initialize(self, images: Tensor) -> None:
        """Set the model up from the first batch, once: :meth:`genera.core.ImageModel.initialize`."""
        self.model.initialize(images)
        self._is_initialized.fill_(True)

    def advance(self, progress: Progress) -> None:
        """Set everything that follows a schedule, before a step."""
        self.model.advance(progress)
        if self.schedule is not None:
            factor = self.schedule(progress)
            for optimizer in self.raw_optimizers():
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * factor

    def update_average(self) -> None:
        """Let the average follow a step."""
        if self.average is not None:
            self.average.update_parameters(self.model)

    def raw_optimizers(self) -> list[Optimizer]:
        """The optimisers without Lightning's wrapper."""
        found = self.optimizers(use_pl_optimizer=False)
        return found if isinstance(found, list) else [found]

    def check_finite(self, value: Tensor, what: Callable[[], str], *, batch: int) -> None:
        """Stop the training in every process where a loss or a norm is not finite.

        Raises:
            NonFiniteLoss: it is not, here or in another process: one that stopped alone would leave the others waiting.
        """
        is_finite = bool(torch.isfinite(value))
        if self.trainer.world_size > 1:
            is_finite = self.trainer.strategy.reduce_boolean_decision(is_finite)
        if not is_finite:
            rates = " and ".join(f"{optimizer.param_groups[0]['lr']:.3g}" for optimizer in self.raw_optimizers())
            raise NonFiniteLoss(
                f"{what()} is not finite at step {self.steps + 1}, batch {batch}, learning rate {rates}: start a new "
                f"run with a lower one ({self.learning_rate_options}) or --task.clip_norm, or check the data"
            )

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        if self.steps == 0 and not self._is_initialized:
            self.initialize(self.trainer.strategy.broadcast(batch[0]))
        self.advance(self.progress())

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        # `genera.train` logs means over all steps since the last row instead, and turns this off.
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # missing from Lightning's annotations
        if every and self.steps % every == 0:
            values = outputs["scalars"] | self.step_values()
            self.log_dict({f"train/{name}": value for name, value in values.items()})

    def on_validation_epoch_start(self) -> None:
        self.before_validation(seed=0)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        losses = self.validation_losses(batch, seed=batch_idx)
        means = {f"validation/{name}": values.mean() for name, values in losses.items()}
        self.log_dict(means, batch_size=len(batch[0]), sync_dist=self.trainer.world_size > 1)

    def on_validation_end(self) -> None:
        if not self.trainer.sanity_checking:
            logged = {name.partition("/"): float(value) for name, value in self.trainer.callback_metrics.items()}
            self.after_validation({name: value for (split, _, name), value in logged.items() if split == "validation"})

    def _progress_of_trainer(self) -> Progress:
        """Progress by the epochs and steps that the trainer was given."""
        epoch = self.steps / self.trainer.num_training_batches
        epochs, steps = self.trainer.max_epochs, self.trainer.max_steps
        limits = [epoch / epochs if epochs and epochs > 0 else 0.0, self.steps / steps if steps > 0 else 0.0]
        num_epochs = steps / self.trainer.num_training_batches if epochs in (None, -1) and steps > 0 else epochs
        return Progress(
            step=self.steps,
            epoch=epoch,
            fraction=min(1.0, max(limits)),
            num_epochs=num_epochs if num_epochs and num_epochs > 0 else float("inf"),
        )


def scalars(loss: Loss, total: Tensor) -> dict[str, Tensor]:
    """What a step logs of a loss: the means of its terms and logs, and the total."""
    parts = {name: value.mean() for name, value in (*loss.terms.items(), *loss.logs.items())}
    return {name: value.detach() for name, value in {**parts, "loss": total}.items()}


def histograms(loss: Loss) -> dict[str, Tensor]:
    """Logs with more than a mean to see, such as the KL divergence of every latent dimension."""
    return {name: value for name, value in loss.logs.items() if value.dim() == 1}


def broken_terms(loss: Loss) -> str:
    """Names of the terms that are not finite, with the first image of the batch where each is not."""
    names = []
    for name, value in (loss.terms or {"total": loss.total}).items():
        bad = (~torch.isfinite(value.detach().reshape(-1))).nonzero()
        if len(bad):
            names.append(f"term {name!r}, image {int(bad[0])}")
    return "; ".join(names) or "its mean"


def check_clip_norm(clip_norm: float | None) -> None:
    """Refuse a norm that no gradient can be clipped to.

    Raises:
        ValueError: it is not positive.
    """
    if clip_norm is not None and clip_norm <= 0:
        raise ValueError(f"clip_norm must be positive, got {clip_norm}")


def with_initial_rate(optimizer: Optimizer) -> Optimizer:
    """Remember the learning rates that schedules are factors on."""
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    return optimizer
