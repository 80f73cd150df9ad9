"""Tasks are complete LightningModules: they train under a plain Trainer with plain data loaders."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from genera.core import Cosine, UniformDequantizer
from genera.data import find_dataset
from genera.flows import ActNorm, Logit, NormalizingFlow
from genera.gans import GAN, NonSaturating
from genera.networks import ConvDecoder, ConvEncoder, MlpDiscriminator, MlpGenerator
from genera.training.tasks import AdversarialTask, LossTask, Task
from genera.vaes import VAE, Elbo, LogisticPixels

DIGITS = find_dataset("digits")()
BATCHES_PER_EPOCH = 4

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*logger=True", "ignore:.*_fit_")


def loader(split: str) -> DataLoader:
    images = DIGITS.split(split).first(32 * BATCHES_PER_EPOCH)
    assert images.labels is not None
    return DataLoader(TensorDataset(images.pixels, images.labels), batch_size=32)


def trainer_of(folder: Path, **options: Any) -> pl.Trainer:
    return pl.Trainer(
        default_root_dir=folder,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        **options,
    )


def fit(task: Task, folder: Path, *, resume: Path | None = None, **options: Any) -> pl.Trainer:
    trainer = trainer_of(folder, **options)
    trainer.fit(task, loader("train"), loader("validation"), ckpt_path=resume)
    return trainer


def vae_task(**options: Any) -> LossTask:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, decoder = partial(ConvEncoder, width=4), partial(ConvDecoder, width=4)
        model = VAE(
            DIGITS.spec, encoder=encoder, decoder=decoder, likelihood=LogisticPixels, objective=Elbo(), latent_size=4
        )
    return LossTask(model, optimizer=partial(torch.optim.Adam, lr=1e-2), **options)


def gan_task(**options: Any) -> AdversarialTask:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator, discriminator = partial(MlpGenerator, widths=(16,)), partial(MlpDiscriminator, widths=(16,))
        model = GAN(DIGITS.spec, generator=generator, discriminator=discriminator, loss=NonSaturating(), latent_size=4)
    optimizer = partial(torch.optim.Adam, lr=1e-3)
    return AdversarialTask(model, generator_optimizer=optimizer, discriminator_optimizer=optimizer, **options)


def rates(task: Task) -> list[float]:
    return [group["lr"] for optimizer in task.raw_optimizers() for group in optimizer.param_groups]


def test_a_loss_task_validates_follows_its_schedule_and_averages(tmp_path: Path) -> None:
    task = vae_task(schedule=Cosine(), average_decay=0.5)
    trainer = fit(task, tmp_path, max_epochs=3)
    assert trainer.global_step == 3 * BATCHES_PER_EPOCH
    metrics = trainer.callback_metrics
    with torch.no_grad():
        batches = [task.validation_losses(batch, seed=index) for index, batch in enumerate(loader("validation"))]
    bits = torch.cat([losses["bits_per_dim"] for losses in batches]).mean()
    # Validation is of the averaged weights.
    torch.testing.assert_close(metrics["validation/bits_per_dim"], bits, rtol=1e-5, atol=0)
    assert {"validation/loss", "train/loss", "train/gradient_norm", "train/learning_rate"} <= metrics.keys()
    # The end of the cosine.
    assert rates(task) == pytest.approx([0.0], abs=1e-9)
    average, weights = task.evaluated_model.state_dict(), task.model.state_dict()
    assert not all(torch.equal(average[name], weights[name]) for name in weights)


def test_a_plateau_reduces_the_learning_rate_by_the_validation_loss(tmp_path: Path) -> None:
    plateau = partial(ReduceLROnPlateau, patience=0, threshold=1e6, threshold_mode="abs", factor=0.5)
    task = vae_task(plateau=plateau)
    fit(task, tmp_path, max_epochs=4)
    # No loss decreases by the threshold of a million.
    assert rates(task) == pytest.approx([1e-2 * 0.5**3])


@pytest.mark.parametrize("make", [vae_task, gan_task])
def test_its_checkpoint_resumes_it(make: Any, tmp_path: Path) -> None:
    first = make(schedule=Cosine(), average_decay=0.5)
    trainer = fit(first, tmp_path, max_epochs=2)
    checkpoint = tmp_path / "two.ckpt"
    trainer.save_checkpoint(checkpoint)
    # Fresh weights differ from saved ones, so the restore is tested.
    second = make(schedule=Cosine(), average_decay=0.5)
    resumed = fit(second, tmp_path, resume=checkpoint, max_epochs=2)
    assert resumed.global_step == 2 * BATCHES_PER_EPOCH
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())
    resumed = fit(second, tmp_path, resume=checkpoint, max_epochs=3)
    assert resumed.global_step == 3 * BATCHES_PER_EPOCH
    assert rates(second) == pytest.approx([0.0] * len(rates(second)), abs=1e-9)
    assert int(second.average.n_averaged) == 3 * BATCHES_PER_EPOCH


def test_steps_of_two_players_are_the_generators(tmp_path: Path) -> None:
    task = gan_task(schedule=Cosine(), average_decay=0.5)
    trainer = fit(task, tmp_path, max_steps=6)
    assert trainer.global_step == 6
    for optimizer in task.raw_optimizers():
        assert {int(state["step"]) for state in optimizer.state.values()} == {6}
    assert {"validation/score", "train/generator/loss", "train/discriminator/loss"} <= trainer.callback_metrics.keys()
    # The schedule is over steps, because max_epochs is not set.
    assert rates(task) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert int(task.average.n_averaged) == 6
    assert task.evaluated_model.sample(3).shape == (3, 1, 8, 8)


def test_the_model_is_set_up_from_the_first_batch_once(tmp_path: Path) -> None:
    flow = NormalizingFlow(DIGITS.spec, transforms=[Logit, ActNorm], dequantizer=UniformDequantizer)
    seen = []
    set_up, flow.initialize = flow.initialize, lambda images: (seen.append(images), set_up(images))
    task = LossTask(flow, optimizer=partial(torch.optim.Adam, lr=0.0))
    trainer = fit(task, tmp_path, max_epochs=2)
    assert len(seen) == 1
    assert torch.equal(seen[0], next(iter(loader("train")))[0])
    with torch.no_grad():
        z = flow.encode(seen[0], generator=torch.Generator().manual_seed(0))
    # ActNorm is initialized so that each channel has mean 0 and variance 1.
    assert float(z.mean()) == pytest.approx(0, abs=0.05)
    assert float(z.std()) == pytest.approx(1, abs=0.05)
    # Nor is it set up again when resumed before the first step.
    assert trainer.global_step == 2 * BATCHES_PER_EPOCH


def test_accumulated_batches_are_one_step(tmp_path: Path) -> None:
    task = vae_task(schedule=Cosine(), average_decay=0.5)
    trainer = fit(task, tmp_path, max_epochs=2, accumulate_grad_batches=2)
    assert trainer.global_step == BATCHES_PER_EPOCH == int(task.average.n_averaged)
    assert task._progress_of_trainer().fraction == 1
    assert rates(task) == pytest.approx([0.0], abs=1e-9)


def test_a_loader_without_length_counts_whole_epochs(tmp_path: Path) -> None:
    class Endless(IterableDataset):
        def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            return iter([next(iter(loader("train")))] * 2)

    task = vae_task(schedule=Cosine())
    trainer = trainer_of(tmp_path, max_epochs=4)
    trainer.fit(task, DataLoader(Endless(), batch_size=None))
    assert trainer.global_step == 8
    # The last step is in the last of four epochs.
    assert rates(task) == pytest.approx([1e-2 * 0.5 * (1 + math.cos(math.pi * 3 / 4))])


def test_several_loaders_validate_and_only_a_fit_lowers_the_rate(tmp_path: Path) -> None:
    task = vae_task(plateau=partial(ReduceLROnPlateau, patience=0, threshold=1e6, threshold_mode="abs", factor=0.5))
    trainer = trainer_of(tmp_path, max_epochs=2)
    trainer.fit(task, loader("train"), [loader("validation"), loader("train")])
    assert {"validation/loss", "validation/loss/dataloader_idx_1"} <= trainer.callback_metrics.keys()
    assert rates(task) == pytest.approx([1e-2 * 0.5])
    trainer.validate(task, loader("validation"), verbose=False)
    assert rates(task) == pytest.approx([1e-2 * 0.5])
    (tested,) = trainer.test(task, loader("validation"), verbose=False)
    assert tested["test/loss"] == pytest.approx(float(trainer.callback_metrics["test/loss"]))


def test_callbacks_see_the_learning_rate_of_the_step(tmp_path: Path) -> None:
    seen: list[float] = []

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            seen.extend(rates(pl_module))

    task = vae_task(schedule=Cosine())
    fit(task, tmp_path, max_epochs=1, callbacks=[Watch()])
    assert seen == pytest.approx([1e-2 * 0.5 * (1 + math.cos(math.pi * step / 4)) for step in range(4)])


def test_a_trained_model_can_be_fine_tuned(tmp_path: Path) -> None:
    flow = NormalizingFlow(DIGITS.spec, transforms=[Logit, ActNorm], dequantizer=UniformDequantizer)
    flow.initialize(DIGITS.split("train").pixels[:64])
    before = copy.deepcopy(flow.state_dict())
    task = LossTask(flow, optimizer=partial(torch.optim.Adam, lr=0.0))
    task.is_initialized.fill_(True)
    fit(task, tmp_path, max_epochs=1)
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())


def test_scaled_gradients_are_refused() -> None:
    task = vae_task()
    task._trainer = SimpleNamespace(precision_plugin=SimpleNamespace(scaler=object()))
    with pytest.raises(ValueError, match="16-mixed"):
        task.on_fit_start()
