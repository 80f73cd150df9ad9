"""The task for models with one loss and one optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from genera.core import Schedule, Trainable, bits_per_dim, has_density
from genera.data.batches import Batch
from genera.training.tasks.task import Task, logged


class LossTask(Task):
    """Minimises the loss of a :class:`~genera.core.Trainable`, averaged over the batch.

    Args:
        model: the model to train.
        optimizer: constructs the optimiser of the model's parameters.
        schedule: factor on the learning rate, as a function of progress.
        plateau: reduces the learning rate when the validation loss stops decreasing; instead of ``schedule``.
        clip_norm: the gradient is clipped to this norm.
        average_decay: validate and save an exponential moving average of the weights with this decay.

    Raises:
        ValueError: the model has no single loss, ``schedule`` and ``plateau`` are both given, or a value is invalid.
    """

    model: Trainable
    learning_rate_options = "--task.optimizer.lr"

    def __init__(
        self,
        model: Trainable,
        *,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        schedule: Schedule | None = None,
        plateau: Callable[[Optimizer], ReduceLROnPlateau] | None = None,
        clip_norm: float | None = None,
        average_decay: float | None = None,
    ) -> None:
        super().__init__(model, schedule=schedule, clip_norm=clip_norm, average_decay=average_decay)
        if not isinstance(model, Trainable):
            raise ValueError(f"LossTask trains a model with one loss, got {type(model).__name__}: take AdversarialTask")
        if schedule is not None and plateau is not None:
            raise ValueError("schedule and plateau both set the learning rate: give one of them")
        self._make_optimizer = optimizer
        self._make_plateau = plateau
        self._plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None

    def configure_optimizers(self) -> Optimizer:
        optimizer = self._make_optimizer(self.model.parameters())
        if self._make_plateau is not None:
            self._plateau = self._make_plateau(optimizer)
            if self._plateau_state is not None:
                self._plateau.load_state_dict(self._plateau_state)
        return optimizer

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        images, labels = batch
        loss = self.model.loss(images, labels, generator=self.noise)
        return {"loss": self.mean_of(loss, "the loss", batch=batch_idx), **logged({"": loss})}

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        self.gradient_norm = self.clip_gradient(self.model, "the gradient", batch=self.steps)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        self.update_average()

    def step_values(self) -> dict[str, float]:
        (optimizer,) = self.raw_optimizers()
        return {"gradient_norm": float(self.gradient_norm), "learning_rate": optimizer.param_groups[0]["lr"]}

    @torch.no_grad()
    def validation_losses(self, batch: Batch, *, seed: int) -> dict[str, Tensor]:
        images, labels = batch
        model = self.evaluated_model
        assert isinstance(model, Trainable)
        generator = torch.Generator(images.device).manual_seed(seed)
        loss = model.validation_loss(images, labels, generator=generator)
        values = {**loss.terms, **loss.logs, "loss": loss.total}
        if has_density(model):
            values["bits_per_dim"] = bits_per_dim(-loss.total, model.spec.num_dims)
        return {
            name: value.expand(len(images)) for name, value in values.items() if value.shape in ((), images.shape[:1])
        }

    def after_validation(self, values: dict[str, float]) -> None:
        if self._plateau is not None:
            self._plateau.step(values["loss"])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self._plateau is not None:
            checkpoint["plateau"] = self._plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._plateau_state = checkpoint.get("plateau")
