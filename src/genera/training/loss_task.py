"""The task of anything with one loss and one optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from genera.core import Loss, Progress, Schedule, Trainable, bits_per_dim, has_density
from genera.training.averaging import averaged


class NonFiniteLoss(FloatingPointError):
    """Training came upon a number that is not one; what was saved before is still good."""


class LossTask(pl.LightningModule):
    """Minimises the loss of a :class:`~genera.core.Trainable`, averaged over the batch.

    Args:
        model: what to train.
        optimizer: made for the parameters of the model.
        schedule: factor on the learning rate, as a function of progress.
        plateau: lowers the learning rate when the validation loss stops falling; instead of ``schedule``.
        clip_norm: the gradient is shortened to this norm.
        average_decay: validate and keep an exponential moving average of the weights with this decay.

    Raises:
        ValueError: both ``schedule`` and ``plateau``, or a value out of range.
    """

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
        super().__init__()
        if schedule is not None and plateau is not None:
            raise ValueError("schedule and plateau both set the learning rate: give one of them")
        if clip_norm is not None and clip_norm <= 0:
            raise ValueError(f"clip_norm must be positive, got {clip_norm}")
        self.model = model
        self.clip_norm = clip_norm
        self.schedule = schedule
        self._make_optimizer = optimizer
        self._make_plateau = plateau
        self._plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None
        self.average = None if average_decay is None else averaged(model, decay=average_decay)

    @property
    def evaluated(self) -> Trainable:
        """The model that is validated, drawn from and kept: the average where there is one."""
        if self.average is None:
            return self.model
        assert isinstance(self.average.module, Trainable)
        return self.average.module

    @property
    def steps(self) -> int:
        """Optimiser steps taken."""
        return self.trainer.global_step

    def configure_optimizers(self) -> Optimizer:
        optimizer = self._make_optimizer(self.model.parameters())
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        if self._make_plateau is not None:
            self._plateau = self._make_plateau(optimizer)
            if self._plateau_state is not None:
                self._plateau.load_state_dict(self._plateau_state)
        return optimizer

    def check_schedules(self, start: Progress) -> None:
        """Let a schedule that does not fit into the training say so before anything is written.

        Raises:
            ValueError: it does not.
        """
        self.model.advance(start)
        if self.schedule is not None:
            self.schedule(start)

    def advance(self, progress: Progress) -> None:
        """Set everything that follows a schedule, before a step."""
        self.model.advance(progress)
        if self.schedule is not None:
            for group in self._optimizer.param_groups:
                group["lr"] = group["initial_lr"] * self.schedule(progress)

    def training_step(self, batch: tuple[Tensor, Tensor | None], batch_idx: int) -> dict[str, Any]:
        images, labels = batch
        loss = self.model.loss(images, labels)
        total = loss.total.mean()
        if not self._all_agree(bool(torch.isfinite(total))):
            raise NonFiniteLoss(self._what_broke(f"the loss ({_broken_terms(loss)})", batch_idx))
        watched = {**{name: value.mean() for name, value in (*loss.terms.items(), *loss.logs.items())}, "loss": total}
        return {
            "loss": total,
            "watched": {name: value.detach() for name, value in watched.items()},
            "vectors": {name: value for name, value in loss.logs.items() if value.dim() == 1},
        }

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm or float("inf"))
        if not torch.isfinite(norm):
            raise NonFiniteLoss(self._what_broke("the gradient", self.steps))
        self.gradient_norm = norm.detach()

    def after_step(self) -> None:
        """Let the average follow a step."""
        if self.average is not None:
            self.average.update_parameters(self.model)

    def step_values(self) -> dict[str, float]:
        """What only the task knows of the last step, by name."""
        return {"gradient_norm": float(self.gradient_norm), "learning_rate": self._optimizer.param_groups[0]["lr"]}

    @torch.no_grad()
    def validation_losses(self, batch: tuple[Tensor, Tensor | None], *, seed: int) -> dict[str, Tensor]:
        """Per-image values ``(B,)`` of a validation batch, drawn with the same noise every time.

        ``loss`` is what selection and the plateau watch.
        """
        images, labels = batch
        model = self.evaluated
        torch.manual_seed(seed)
        generator = torch.Generator(images.device).manual_seed(seed)
        loss = model.validation_loss(images, labels, generator=generator)
        values = {**loss.terms, **loss.logs, "loss": loss.total}
        if has_density(model):
            values["bits_per_dim"] = bits_per_dim(-loss.total, model.spec.num_dims)
        return {name: value.expand(len(images)) for name, value in values.items()}

    def on_validated(self, loss: float) -> None:
        """Let the plateau see a validation loss."""
        if self._plateau is not None:
            self._plateau.step(loss)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if self._plateau is not None:
            checkpoint["plateau"] = self._plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._plateau_state = checkpoint.get("plateau")

    @property
    def _optimizer(self) -> Optimizer:
        optimizer = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizer, Optimizer)
        return optimizer

    def _all_agree(self, fine: bool) -> bool:
        """Whether all is well in every process: one that stopped alone would leave the others waiting."""
        return self.trainer.strategy.reduce_boolean_decision(fine) if self.trainer.world_size > 1 else fine

    def _what_broke(self, what: str, batch: int) -> str:
        rate = self._optimizer.param_groups[0]["lr"]
        return (
            f"{what} is not finite at step {self.steps + 1}, batch {batch}, learning rate {rate:.3g}: "
            "start a new run with a lower --task.optimizer.lr or --task.clip_norm, or check the data"
        )


def _broken_terms(loss: Loss) -> str:
    """Names of the terms that are not finite, with the first image of the batch where each is not."""
    names = []
    for name, value in (loss.terms or {"total": loss.total}).items():
        bad = (~torch.isfinite(value.detach().reshape(-1))).nonzero()
        if len(bad):
            names.append(f"term {name!r}, image {int(bad[0])}")
    return "; ".join(names) or "its mean"
