"""What the callbacks and the trainer's surroundings ask of a way of optimising."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

from genera.core import ImageModel, Loss, Progress, Schedule


class NonFiniteLoss(FloatingPointError):
    """Training came upon a number that is not one; what was saved before is still good."""


class Task(pl.LightningModule, ABC):
    """A way of optimising a model.

    Args:
        model: what to train.
        schedule: factor on every learning rate, as a function of progress.
    """

    model: ImageModel
    #: The options that set the learning rates.
    rates: str
    #: Generator of all noise of a step, seeded before each; torch's global one where None.
    noise: torch.Generator | None = None

    def __init__(self, model: ImageModel, *, schedule: Schedule | None) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule

    @property
    @abstractmethod
    def evaluated(self) -> ImageModel:
        """The model that is validated, drawn from and kept: an average where there is one."""

    @property
    def steps(self) -> int:
        """Optimiser steps taken; of two players the generator's."""
        return self.trainer.global_step

    @abstractmethod
    def step_values(self) -> dict[str, float]:
        """What only the task knows of the last step, by name."""

    @abstractmethod
    def after_step(self) -> None:
        """Let averages follow a step."""

    @abstractmethod
    def validation_losses(self, batch: tuple[Tensor, Tensor | None], *, seed: int) -> dict[str, Tensor]:
        """Per-image values ``(B,)`` of a validation batch, drawn with the same noise every time.

        ``loss`` is what selection watches; where it is missing, the last weights are kept and not the best.
        """

    def before_validation(self, *, seed: int) -> None:
        """Make the evaluated model ready."""

    def on_validated(self, values: dict[str, float]) -> None:
        """Take in the means of a validation."""

    def check(self, start: Progress, *, batch_size: int) -> None:
        """Let what does not fit the training, such as a schedule longer than it, say so before anything is written.

        Args:
            start: where training stands before its first step.
            batch_size: images per step in each process.

        Raises:
            ValueError: something does not.
        """
        self.model.advance(start)
        if self.schedule is not None:
            self.schedule(start)

    def advance(self, progress: Progress) -> None:
        """Set everything that follows a schedule, before a step."""
        self.model.advance(progress)
        if self.schedule is not None:
            factor = self.schedule(progress)
            for optimizer in self.raw_optimizers():
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * factor

    def raw_optimizers(self) -> list[Optimizer]:
        """The optimisers as torch knows them."""
        found = self.optimizers(use_pl_optimizer=False)
        return found if isinstance(found, list) else [found]

    def check_finite(self, value: Tensor, what: Callable[[], str], *, batch: int) -> None:
        """Stop the training where a loss or a norm is not a number, in every process.

        Raises:
            NonFiniteLoss: it is not, here or in another process: one that stopped alone would leave the others waiting.
        """
        fine = bool(torch.isfinite(value))
        if self.trainer.world_size > 1:
            fine = self.trainer.strategy.reduce_boolean_decision(fine)
        if not fine:
            rates = " and ".join(f"{optimizer.param_groups[0]['lr']:.3g}" for optimizer in self.raw_optimizers())
            raise NonFiniteLoss(
                f"{what()} is not finite at step {self.steps + 1}, batch {batch}, learning rate {rates}: "
                f"start a new run with a lower one ({self.rates}) or --task.clip_norm, or check the data"
            )


def scalars(loss: Loss, total: Tensor) -> dict[str, Tensor]:
    """What a step reports of a loss: the means of its terms and logs, and of all of it."""
    parts = {name: value.mean() for name, value in (*loss.terms.items(), *loss.logs.items())}
    return {name: value.detach() for name, value in {**parts, "loss": total}.items()}


def histograms(loss: Loss) -> dict[str, Tensor]:
    """Logs of which the mean is not all there is to see."""
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
    """Refuse a norm that no gradient can be shortened to.

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
