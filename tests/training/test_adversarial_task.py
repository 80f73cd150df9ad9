"""Two players: whose steps count, and that a run with both goes on exactly where it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from running import genera, losses

from genera.cli import main
from genera.core import ImageSpec
from genera.gans import GAN, Hinge
from genera.networks import ConvCritic, ConvGenerator
from genera.training.adversarial_task import AdversarialTask
from genera.training.averaging import refresh_batch_norm
from genera.zoo import find_model

SMALL = ("cgan_digits", "--batch_size", "256", "--max_epochs", "3", "--log_every", "1")
MODEL = ("--model.generator.width", "4", "--model.discriminator.width", "4")


def dying(step: int, signal_name: str) -> tuple[str, ...]:
    callback = {"class_path": "dying.DieAt", "init_args": {"step": step, "signal_name": signal_name}}
    return ("--allow", "dying", "--callbacks", yaml.safe_dump([callback], default_flow_style=True))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert main(["train", *SMALL, *MODEL, "--out", str(run)]) == 0
    return run


def test_steps_are_the_generators(uninterrupted: Path) -> None:
    # Three epochs of five batches; the optimisers together take twice as many steps.
    assert [row["step"] for row in losses(uninterrupted)] == [str(step) for step in range(1, 16)]
    checkpoint = torch.load(uninterrupted / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 15
    steps = [
        {int(state["step"]) for state in optimizer["state"].values()} for optimizer in checkpoint["optimizer_states"]
    ]
    assert steps == [{15}, {15}]


@pytest.mark.parametrize("step", [8, 10])
def test_a_killed_run_goes_on_to_the_very_losses_of_an_uninterrupted_one(
    uninterrupted: Path, tmp_path: Path, step: int
) -> None:
    run = tmp_path / "killed"
    out = ("--out", str(run), "--checkpoint_every", "0.001s")
    assert genera("train", *SMALL, *MODEL, *out, *dying(step, "SIGKILL")).returncode == -9
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(run) == losses(uninterrupted)
    assert (run / "model.safetensors").read_bytes() == (uninterrupted / "model.safetensors").read_bytes()


def test_the_parts_of_both_losses_are_told_apart(uninterrupted: Path) -> None:
    (row, *_) = losses(uninterrupted)
    parts = {"discriminator/adversarial", "discriminator/real", "discriminator/fake", "generator/adversarial",
             "generator/gradient_norm", "discriminator/gradient_norm"}  # fmt: skip
    assert {f"train/{part}" for part in parts} <= set(row)
    assert any(row["validation/score"] for row in losses(uninterrupted))


def test_the_last_weights_are_kept_and_draw(uninterrupted: Path) -> None:
    trained = find_model(str(uninterrupted))
    model = trained.load()
    assert isinstance(model, GAN)
    checkpoint = torch.load(uninterrupted / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    for name, value in model.generator.named_parameters():
        torch.testing.assert_close(value.detach(), checkpoint[f"average.module.generator.{name}"])
    for name, value in model.discriminator.state_dict().items():
        torch.testing.assert_close(value, checkpoint[f"model.discriminator.{name}"])
    assert model.sample(4, labels=torch.arange(4)).shape == (4, 1, 8, 8)


def players(**options: object) -> AdversarialTask:
    spec = ImageSpec(1, 8, 8, 17)
    generator, critic = partial(ConvGenerator, width=2), partial(ConvCritic, width=2)
    gan = GAN(spec, generator=generator, discriminator=critic, loss=Hinge(), latent_size=4)
    optimizer = partial(torch.optim.SGD, lr=0.1)
    return AdversarialTask(gan, generator_optimizer=optimizer, discriminator_optimizer=optimizer, **options)


def test_the_average_has_the_same_discriminator() -> None:
    task = players(average_decay=0.9)
    assert task.evaluated is not task.model
    assert task.evaluated.discriminator is task.model.discriminator
    assert task.evaluated.generator is not task.model.generator
    assert all(parameter.requires_grad for parameter in task.model.parameters())


def test_statistics_of_an_average_are_those_of_its_own_activations() -> None:
    torch.manual_seed(0)
    generator = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    generator[1].running_mean.fill_(100.0)
    torch.manual_seed(1)
    refresh_batch_norm(generator, lambda: generator(torch.randn(100, 3)))
    torch.manual_seed(1)
    activations = generator[0](torch.cat([torch.randn(100, 3) for _ in range(10)]))
    torch.testing.assert_close(generator[1].running_mean, activations.mean(dim=0).detach(), rtol=0, atol=1e-5)
    assert not generator.training
    assert generator[1].momentum == 0.1


def test_bad_values_are_one_line(tmp_path: Path, failing: Callable[..., str]) -> None:
    out = ("--out", str(tmp_path / "run"))
    message = failing("train", *SMALL, "--task.discriminator_steps", "0", *out)
    assert "discriminator_steps must be at least 1, got 0" in message
    message = failing("train", *SMALL, "--task.discriminator_steps", "300", *out)
    assert "a batch of 256 images cannot be dealt out to 300 steps" in message
    optimizer = "{class_path: LossTask, init_args: {optimizer: torch.optim.Adam}}"
    assert "GAN: take AdversarialTask" in failing("train", *SMALL, "--task", optimizer, *out)
