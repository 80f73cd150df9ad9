"""The task for two players, each with its own loss and optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from genera.core import Loss, Progress, Schedule, TwoPlayer, check_positive
from genera.data.batches import Batch
from genera.optim import refresh_batch_norm
from genera.training.tasks.task import Task, logged

#: Samples per batch when the statistics of batch normalization are recomputed for an averaged generator.
_REFRESH_BATCH_SIZE = 128


class AdversarialTask(Task):
    """Trains a discriminator and a generator in turns.

    A step is one step of the generator after one or more of the discriminator; steps, schedules, logs and checkpoints
    count those of the generator. A step of one player does not change the weights of the other, but running statistics
    of the discriminator follow both. With several processes, terms that are defined on a batch, such as feature
    matching, are computed on each process's share.

    Args:
        model: the two players.
        generator_optimizer: constructs the optimiser of the generator.
        discriminator_optimizer: constructs the optimiser of the discriminator.
        schedule: factor on both learning rates, as a function of progress.
        discriminator_steps: steps of the discriminator per step of the generator; they share the images of a batch.
        separate_passes: generate new fakes for the generator's step, instead of reusing the last ones.
        clip_norm: the gradient of each player is clipped to this norm.
        average_decay: sample from and save an exponential moving average of the generator's weights with this decay.

    Raises:
        ValueError: the model does not have two players, or a value is out of range.

    Source:
        Goodfellow et al. (2014), algorithm 1; Heusel et al. (2017) for two rates; Yazici et al. (2019) for the average.
    """

    model: TwoPlayer
    learning_rate_options = "--task.generator_optimizer.lr, --task.discriminator_optimizer.lr"

    def __init__(
        self,
        model: TwoPlayer,
        *,
        generator_optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        discriminator_optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        schedule: Schedule | None = None,
        discriminator_steps: int = 1,
        separate_passes: bool = False,
        clip_norm: float | None = None,
        average_decay: float | None = None,
    ) -> None:
        super().__init__(model, schedule=schedule, clip_norm=clip_norm, average_decay=average_decay)
        if not isinstance(model, TwoPlayer):
            raise ValueError(f"AdversarialTask trains two players, got {type(model).__name__}: take LossTask")
        check_positive(discriminator_steps=discriminator_steps)
        self.automatic_optimization = False
        self.discriminator_steps = discriminator_steps
        self.separate_passes = separate_passes
        self._make_optimizers = generator_optimizer, discriminator_optimizer
        self._norms: dict[str, Tensor] = {}
        if self.average is not None:
            # Only the generator is averaged; scores are those of the discriminator that trained it.
            self.evaluated_model.discriminator = model.discriminator

    @property
    def evaluated_model(self) -> TwoPlayer:
        model = super().evaluated_model
        assert isinstance(model, TwoPlayer)
        return model

    def check(self, start: Progress, *, batch_size: int) -> None:
        super().check(start, batch_size=batch_size)
        has_batch_norm = any(isinstance(module, _BatchNorm) for module in self.model.modules())
        if batch_size // self.discriminator_steps < 1 + has_batch_norm:
            needed = "two images, for batch normalization" if has_batch_norm else "one image"
            raise ValueError(
                f"a step of the discriminator needs at least {needed}, and in each process there are {batch_size} for "
                f"{self.discriminator_steps}: raise batch_size"
            )

    def configure_optimizers(self) -> list[Optimizer]:
        players = self.model.generator, self.model.discriminator
        pairs = zip(self._make_optimizers, players, strict=True)
        return [make_optimizer(player.parameters()) for make_optimizer, player in pairs]

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        all_images, all_labels = batch
        image_shares = all_images.tensor_split(self.discriminator_steps)
        label_shares = [None] * len(image_shares) if all_labels is None else all_labels.tensor_split(len(image_shares))
        for index, (images, labels) in enumerate(zip(image_shares, label_shares, strict=True), start=1):
            with torch.set_grad_enabled(index == len(image_shares) and not self.separate_passes):
                fakes = self.model.generate(len(images), labels, generator=self.noise)
            discriminator_loss = self.model.discriminator_loss(images, fakes, labels, generator=self.noise)
            self._step("discriminator", discriminator_loss, batch=batch_idx)
        if self.separate_passes:
            fakes = self.model.generate(len(images), labels, generator=self.noise)
        # The gradients of the discriminator are not needed and would take a third of the backward pass.
        with _frozen(self.model.discriminator):
            generator_loss = self.model.generator_loss(images, fakes, labels, generator=self.noise)
        self._step("generator", generator_loss, batch=batch_idx)
        self.update_average()
        return logged({"discriminator/": discriminator_loss, "generator/": generator_loss})

    def _step(self, player: str, loss: Loss, *, batch: int) -> None:
        """Take one step of one player."""
        total = self.mean_of(loss, f"the loss of the {player}", batch=batch)
        module = self.model.get_submodule(player)
        is_generator = player == "generator"
        # Lightning counts steps of wrapped optimisers, which are to be the generator's only.
        optimizers = self.optimizers(use_pl_optimizer=is_generator)
        assert isinstance(optimizers, list)
        optimizer = optimizers[0 if is_generator else 1]
        optimizer.zero_grad()
        self.manual_backward(total)
        self._norms[player] = self.clip_gradient(module, f"the gradient of the {player}", batch=batch)
        optimizer.step()
        # The autocast context spans both players' steps and caches copies of the old weights.
        torch.clear_autocast_cache()

    def step_values(self) -> dict[str, float]:
        norms = {f"{player}/gradient_norm": float(norm) for player, norm in self._norms.items()}
        rates = [optimizer.param_groups[0]["lr"] for optimizer in self.raw_optimizers()]
        return norms | dict(zip(("generator/learning_rate", "discriminator/learning_rate"), rates, strict=True))

    def before_validation(self, *, seed: int) -> None:
        if self.average is not None:
            model, noise = self.evaluated_model, torch.Generator(self.device).manual_seed(seed)
            with torch.no_grad():
                refresh_batch_norm(model.generator, lambda: model.generate(_REFRESH_BATCH_SIZE, generator=noise))

    @torch.no_grad()
    def validation_losses(self, batch: Batch, *, seed: int) -> dict[str, Tensor]:
        """The discriminator's scores of the validation images; there is no loss."""
        return {"score": self.evaluated_model.score(*batch)}


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Compute no gradients for the parameters of a module."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
