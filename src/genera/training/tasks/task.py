"""What every way of optimising has in common: schedules, averaged weights, validation, and a stop at the first NaN."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genera.core import ImageModel, Loss, Progress, Schedule, noise_from
from genera.data.batches import Batch
from genera.optim import averaged


class NonFiniteLoss(FloatingPointError):
    """A loss or a gradient was not finite; what was saved before is still good."""


class Task(pl.LightningModule, ABC):
    """A way of optimising a model.

    A task is a complete LightningModule. Under a plain ``Trainer``, with loaders of ``(images, labels)``, it
    initializes the model from the first batch, follows its schedules, averages weights, validates and logs; Lightning's
    checkpoints resume it. Not supported is ``precision="16-mixed"``, whose scaled gradients could be neither clipped
    nor checked. :func:`genera.train` adds a time budget, exact resume in the middle of an epoch, and a run directory. A
    model with ``needs_finalize``, such as :class:`genera.vaes.Autoencoder`, then needs a call of its ``finalize``.

    Args:
        model: what to train.
        schedule: factor on every learning rate, as a function of progress.
        clip_norm: every gradient is clipped to this norm.
        average_decay: validate and keep an exponential moving average of the weights with this decay.

    Raises:
        ValueError: ``clip_norm`` is not positive, or ``average_decay`` is out of range.

    Attributes:
        noise: generator of all noise of a step; torch's global one if None.
        is_standalone: whether the task follows the trainer's limits and logs its own steps; :func:`genera.train` does
            both instead.
        is_initialized: whether the model has been initialized; fill it with True to fine-tune a trained model.
    """

    model: ImageModel
    #: The options that set the learning rates, for messages.
    learning_rate_options: str
    is_initialized: Tensor

    def __init__(
        self, model: ImageModel, *, schedule: Schedule | None, clip_norm: float | None, average_decay: float | None
    ) -> None:
        super().__init__()
        if clip_norm is not None and clip_norm <= 0:
            raise ValueError(f"clip_norm must be positive, got {clip_norm}")
        self.model = model
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.average = None if average_decay is None else averaged(model, decay=average_decay)
        self.noise: torch.Generator | None = None
        self.is_standalone = True
        self._logged_step = 0
        self.register_buffer("is_initialized", torch.tensor(False))

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
        """Initialize the model from the first batch: :meth:`genera.core.ImageModel.initialize`."""
        self.model.initialize(images)
        self.is_initialized.fill_(True)

    def advance(self, progress: Progress) -> None:
        """Set everything that follows a schedule, before a step."""
        self.model.advance(progress)
        if self.schedule is not None:
            factor = self.schedule(progress)
            for optimizer in self.raw_optimizers():
                for group in optimizer.param_groups:
                    group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def update_average(self) -> None:
        """Let the average follow a step."""
        if self.average is not None:
            self.average.update_parameters(self.model)

    def raw_optimizers(self) -> list[Optimizer]:
        """The optimisers without Lightning's wrapper."""
        found = self.optimizers(use_pl_optimizer=False)
        return found if isinstance(found, list) else [found]

    def mean_of(self, loss: Loss, name: str, *, batch: int) -> Tensor:
        """The mean of a loss over the batch, ``()``; raises NonFiniteLoss with the broken terms if it is not finite."""
        total = loss.total.mean()
        self._check_finite(total, lambda: f"{name} ({_broken_terms(loss)})", batch=batch)
        return total

    def clip_gradient(self, module: nn.Module, name: str, *, batch: int) -> Tensor:
        """Clip the gradient of a module; returns its norm before, ``()``, or raises NonFiniteLoss."""
        norm = nn.utils.clip_grad_norm_(module.parameters(), self.clip_norm or math.inf)
        self._check_finite(norm, lambda: name, batch=batch)
        return norm.detach()

    def _check_finite(self, value: Tensor, what: Callable[[], str], *, batch: int) -> None:
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

    def on_fit_start(self) -> None:
        if getattr(self.trainer.precision_plugin, "scaler", None) is not None:
            raise ValueError("tasks do not support precision 16-mixed, which scales gradients: use bf16-mixed")

    def on_train_start(self) -> None:
        if self.is_standalone:
            self.advance(self._progress_of_trainer())

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        if self.steps == 0 and not self.is_initialized:
            # All processes initialize alike: by the same images and the same noise.
            images = self.trainer.strategy.broadcast(batch[0].cpu()).to(self.device)
            with noise_from(torch.Generator().manual_seed(0)):
                self.initialize(images)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        # Batches whose gradients are accumulated are no steps.
        if not self.is_standalone or self.steps == self._logged_step:
            return
        self._logged_step = self.steps
        if self.steps % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]  # not in its annotations
            values = outputs["scalars"] | self.step_values()
            self.log_dict({f"train/{name}": value for name, value in values.items()})
        # For the next step, so that callbacks that look at learning rates before it see its own.
        self.advance(self._progress_of_trainer())

    def on_validation_epoch_start(self) -> None:
        self.before_validation(seed=0)

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._log_losses("validation", batch, batch_idx, dataloader_idx)

    def on_validation_epoch_end(self) -> None:
        if self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            logged = {name.partition("/"): float(value) for name, value in self.trainer.callback_metrics.items()}
            self.after_validation({name: value for (split, _, name), value in logged.items() if split == "validation"})

    def on_test_epoch_start(self) -> None:
        self.before_validation(seed=0)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._log_losses("test", batch, batch_idx, dataloader_idx)

    def _log_losses(self, split: str, batch: Batch, batch_idx: int, dataloader_idx: int) -> None:
        losses = self.validation_losses(batch, seed=batch_idx)
        means = {f"{split}/{name}": values.mean() for name, values in losses.items()}
        self.log_dict(
            means,
            batch_size=len(batch[0]),
            sync_dist=self.trainer.world_size > 1,
            # The names of the first loader do not depend on whether there are more.
            add_dataloader_idx=dataloader_idx > 0,
        )

    def _progress_of_trainer(self) -> Progress:
        """Progress by the epochs and steps that the trainer was given."""
        max_epochs, max_steps = self.trainer.max_epochs or -1, self.trainer.max_steps
        num_batches = self.trainer.num_training_batches
        if math.isinf(num_batches):
            # A loader without length: epochs are whole ones.
            epoch, num_epochs = float(self.trainer.current_epoch), math.inf
        else:
            steps_per_epoch = math.ceil(num_batches / self.trainer.accumulate_grad_batches)
            epoch, num_epochs = self.steps / steps_per_epoch, max_steps / steps_per_epoch if max_steps > 0 else math.inf
        if max_epochs > 0:
            num_epochs = max_epochs
        fraction = max(epoch / num_epochs, self.steps / max_steps if max_steps > 0 else 0.0)
        return Progress(step=self.steps, epoch=epoch, fraction=min(1.0, fraction), num_epochs=num_epochs)


def logged(losses: Mapping[str, Loss]) -> dict[str, dict[str, Tensor]]:
    """What a step logs of its losses, each with a prefix for its names.

    Returns:
        ``scalars``, the means of all terms and logs and the loss, and ``histograms``, the logs with more than a mean to
        see, such as the KL divergence of every latent dimension.
    """
    scalars: dict[str, Tensor] = {}
    histograms: dict[str, Tensor] = {}
    for prefix, loss in losses.items():
        values = {**loss.terms, **loss.logs, "loss": loss.total}
        scalars |= {f"{prefix}{name}": value.detach().mean() for name, value in values.items()}
        histograms |= {f"{prefix}{name}": value for name, value in loss.logs.items() if value.dim() == 1}
    return {"scalars": scalars, "histograms": histograms}


def _broken_terms(loss: Loss) -> str:
    """Names of the terms that are not finite, with the first image of the batch where each is not."""
    names = []
    for name, value in (loss.terms or {"total": loss.total}).items():
        bad = (~torch.isfinite(value.detach().reshape(-1))).nonzero()
        if len(bad):
            names.append(f"term {name!r}, image {int(bad[0])}")
    return "; ".join(names) or "its mean"
