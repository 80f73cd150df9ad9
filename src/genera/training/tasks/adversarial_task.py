"""The task of two players, each with a loss and an optimiser of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from genera.core import Loss, Progress, Schedule, TwoPlayer, check_positive
from genera.optim import refresh_batch_norm
from genera.training.tasks.task import (
    Batch,
    Task,
    broken_terms,
    check_clip_norm,
    histograms,
    scalars,
    with_initial_rate,
)

#: Images that an averaged generator makes at a time for the statistics of its batch normalization.
_REFRESHING_BATCH = 128


class AdversarialTask(Task):
    """Lets a discriminator learn to tell images from fakes, and a generator to make it fail, in turns.

    A step is one step of the generator, after those of the discriminator. Steps, schedules, logs and checkpoints count
    the generator's. Each player's step leaves the weights of the other alone; what a discriminator keeps of all it
    sees, such as running statistics, follows both. Of several processes each takes the terms that are defined on a
    batch, such as feature matching, on its own share of it.

    Args:
        model: the two players.
        generator_optimizer: made for the parameters of the generator.
        discriminator_optimizer: made for the parameters of the discriminator.
        schedule: factor on both learning rates, as a function of progress.
        discriminator_steps: of the discriminator for one of the generator; the images of a batch are dealt out to them.
        separate_passes: make new fakes for the generator's step, instead of letting one pass serve both.
        clip_norm: the gradient of either player is clipped to this norm.
        average_decay: sample from and keep an exponential moving average of the generator's weights with this decay.

    Raises:
        ValueError: the model is not of two players, or a value is out of range.

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
        super().__init__(model, schedule=schedule, average_decay=average_decay)
        if not isinstance(model, TwoPlayer):
            raise ValueError(f"AdversarialTask trains two players, got {type(model).__name__}: take LossTask")
        check_positive(discriminator_steps=discriminator_steps)
        check_clip_norm(clip_norm)
        self.automatic_optimization = False
        self.discriminator_steps = discriminator_steps
        self.separate_passes = separate_passes
        self.clip_norm = clip_norm
        self._make_optimizers = generator_optimizer, discriminator_optimizer
        self._norms: dict[str, Tensor] = {}
        if self.average is not None:
            # There is one discriminator: an averaged one would score otherwise than the one that trained the generator.
            self.evaluated_model.discriminator = model.discriminator

    @property
    def evaluated_model(self) -> TwoPlayer:
        model = super().evaluated_model
        assert isinstance(model, TwoPlayer)
        return model

    def check(self, start: Progress, *, batch_size: int) -> None:
        super().check(start, batch_size=batch_size)
        least = 2 if any(isinstance(module, _BatchNorm) for module in self.model.modules()) else 1
        if batch_size // self.discriminator_steps < least:
            needed = "two images, for batch normalization" if least > 1 else "one image"
            raise ValueError(
                f"a step of the discriminator needs at least {needed}, and in each process there are {batch_size} for "
                f"{self.discriminator_steps}: raise batch_size"
            )

    def configure_optimizers(self) -> list[Optimizer]:
        players = self.model.generator, self.model.discriminator
        return [
            with_initial_rate(make(player.parameters()))
            for make, player in zip(self._make_optimizers, players, strict=True)
        ]

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        all_images, all_labels = batch
        shares = all_images.tensor_split(self.discriminator_steps)
        labels_of_shares = [None] * len(shares) if all_labels is None else all_labels.tensor_split(len(shares))
        for index, (images, labels) in enumerate(zip(shares, labels_of_shares, strict=True), start=1):
            with torch.set_grad_enabled(index == len(shares) and not self.separate_passes):
                fakes = self.model.generate(len(images), labels, generator=self.noise)
            for_discriminator = self.model.discriminator_loss(images, fakes, labels, generator=self.noise)
            self._step("discriminator", for_discriminator, batch=batch_idx)
        if self.separate_passes:
            fakes = self.model.generate(len(images), labels, generator=self.noise)
        # Its parameters are no leaves of this loss: their gradients would cost a third of the pass and be thrown away.
        with _frozen(self.model.discriminator):
            for_generator = self.model.generator_loss(images, fakes, labels, generator=self.noise)
        self._step("generator", for_generator, batch=batch_idx)
        self.update_average()
        losses = {"discriminator": for_discriminator, "generator": for_generator}
        return {
            "scalars": _by_player({player: scalars(loss, loss.total.mean()) for player, loss in losses.items()}),
            "histograms": _by_player({player: histograms(loss) for player, loss in losses.items()}),
        }

    def _step(self, player: str, loss: Loss, *, batch: int) -> None:
        """One step of one player."""
        total = loss.total.mean()
        self.check_finite(total, lambda: f"the loss of the {player} ({broken_terms(loss)})", batch=batch)
        module = self.model.get_submodule(player)
        is_generator = player == "generator"
        # Lightning counts the steps of optimisers that are stepped through its wrapper: the generator's alone.
        optimizers = self.optimizers(use_pl_optimizer=is_generator)
        assert isinstance(optimizers, list)
        optimizer = optimizers[0 if is_generator else 1]
        optimizer.zero_grad()
        self.manual_backward(total)
        norm = nn.utils.clip_grad_norm_(module.parameters(), self.clip_norm or float("inf"))
        self.check_finite(norm, lambda: f"the gradient of the {player}", batch=batch)
        self._norms[player] = norm.detach()
        optimizer.step()
        # A step is taken within one autocast context, whose copies of the weights are of before.
        torch.clear_autocast_cache()

    def step_values(self) -> dict[str, float]:
        norms = {f"{player}/gradient_norm": float(norm) for player, norm in self._norms.items()}
        rates = [optimizer.param_groups[0]["lr"] for optimizer in self.raw_optimizers()]
        return norms | dict(zip(("generator/learning_rate", "discriminator/learning_rate"), rates, strict=True))

    def before_validation(self, *, seed: int) -> None:
        if self.average is not None:
            model, noise = self.evaluated_model, torch.Generator(self.device).manual_seed(seed)
            with torch.no_grad():
                refresh_batch_norm(model.generator, lambda: model.generate(_REFRESHING_BATCH, generator=noise))

    @torch.no_grad()
    def validation_losses(self, batch: Batch, *, seed: int) -> dict[str, Tensor]:
        """The discriminator's scores of images it was not trained on; there is no loss to select by."""
        return {"score": self.evaluated_model.score(*batch)}


def _by_player(values: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {f"{player}/{name}": value for player, named in values.items() for name, value in named.items()}


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Let no gradient reach those parameters of a module that would get one."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
