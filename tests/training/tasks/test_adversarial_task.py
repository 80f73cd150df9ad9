"""The task for two players: its steps, and exact resume."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from dying import dying
from PIL import Image
from running import checkpoint_of, genera, losses

from genera.cli import main
from genera.core import Cosine, Fakes, ImageSpec, Loss, Progress
from genera.gans import GAN, Hinge
from genera.networks import ConvDiscriminator, ConvGenerator
from genera.optim.weight_averaging import refresh_batch_norm
from genera.training.tasks.adversarial_task import AdversarialTask
from genera.zoo import find_model

SMALL = ("cgan_digits", "--batch_size", "256", "--max_epochs", "3", "--log_every", "1")
MODEL = ("--model.generator.width", "4", "--model.discriminator.width", "4")
#: In every third step, so that a run is resumed between two of them.
LAZY = ("--model.penalties", "[{class_path: GradientPenalty, init_args: {every: 3}}]")
#: By recipe; their checkpoints differ: averages, power iterations, several discriminator steps and a penalty.
RECIPES = {
    "cgan_digits": (*SMALL, *MODEL),
    "sngan": ("sngan", "--data", "digits", *SMALL[1:], *MODEL),
    "wgan_gp": ("wgan_gp", "--data", "digits", *SMALL[1:], *MODEL, *LAZY),
}


@pytest.fixture(scope="module")
def full_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    runs = {name: tmp_path_factory.mktemp("runs") / name for name in RECIPES}
    for name, run in runs.items():
        assert main(["train", *RECIPES[name], "--out", str(run)]) == 0
    return runs


@pytest.fixture(scope="module")
def uninterrupted(full_runs: dict[str, Path]) -> Path:
    return full_runs["cgan_digits"]


def test_steps_are_the_generators(uninterrupted: Path) -> None:
    # Three epochs of five batches; the optimisers together take twice as many steps.
    assert [row["step"] for row in losses(uninterrupted)] == [str(step) for step in range(1, 16)]
    checkpoint = checkpoint_of(uninterrupted)
    assert checkpoint["global_step"] == 15
    steps = [
        {int(state["step"]) for state in optimizer["state"].values()} for optimizer in checkpoint["optimizer_states"]
    ]
    assert steps == [{15}, {15}]


@pytest.mark.parametrize(("recipe", "step"), [("cgan_digits", 8), ("cgan_digits", 10), ("sngan", 8), ("wgan_gp", 8)])
def test_a_killed_run_resumes_to_the_losses_of_an_uninterrupted_one(
    full_runs: dict[str, Path], tmp_path: Path, recipe: str, step: int
) -> None:
    run, whole = tmp_path / "killed", full_runs[recipe]
    out = ("--out", str(run), "--checkpoint_every", "0.001s")
    assert genera("train", *RECIPES[recipe], *out, *dying(step, "SIGKILL")).returncode == -9
    assert main(["train", "--resume", str(run), "--callbacks", "null", "--allow", "dying"]) == 0
    assert losses(run) == losses(whole)
    assert (run / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_the_terms_of_both_losses_are_logged(uninterrupted: Path) -> None:
    (row, *_) = losses(uninterrupted)
    parts = {"discriminator/adversarial", "discriminator/real", "discriminator/fake", "generator/adversarial",
             "generator/feature_matching", "generator/gradient_norm", "discriminator/gradient_norm"}  # fmt: skip
    assert {f"train/{part}" for part in parts} <= set(row)
    assert any(row["validation/score"] for row in losses(uninterrupted))


def test_a_lazy_penalty_is_logged_in_the_steps_that_compute_it(full_runs: dict[str, Path]) -> None:
    penalties = [float(row["train/discriminator/penalty"]) for row in losses(full_runs["wgan_gp"])]
    assert [penalty > 0 for penalty in penalties] == [step % 3 == 0 for step in range(15)]


def test_the_last_weights_are_saved_and_sample(uninterrupted: Path) -> None:
    trained = find_model(str(uninterrupted))
    model = trained.load()
    assert isinstance(model, GAN)
    checkpoint = checkpoint_of(uninterrupted)["state_dict"]
    for name, value in model.generator.named_parameters():
        torch.testing.assert_close(value.detach(), checkpoint[f"average.module.generator.{name}"])
    for name, value in model.discriminator.state_dict().items():
        torch.testing.assert_close(value, checkpoint[f"model.discriminator.{name}"])
    assert model.sample(4, labels=torch.arange(4)).shape == (4, 1, 8, 8)


def test_saved_statistics_are_those_of_the_averaged_weights(uninterrupted: Path) -> None:
    model = find_model(str(uninterrupted)).load()
    assert isinstance(model, GAN)
    kept = [value.clone() for name, value in model.generator.named_buffers() if name.endswith("running_mean")]
    torch.manual_seed(0)
    refresh_batch_norm(model.generator, lambda: model.generate(500))
    own = [value for name, value in model.generator.named_buffers() if name.endswith("running_mean")]
    checkpoint = checkpoint_of(uninterrupted)["state_dict"]
    trained = [value for name, value in checkpoint.items() if re.match(r"model\.generator.*running_mean", name)]
    assert len(kept) == len(own) == len(trained) > 0
    for one, other, raw in zip(kept, own, trained, strict=True):
        assert (one - other).norm() < 0.5 * (raw - other).norm()


def players(**options: object) -> AdversarialTask:
    torch.manual_seed(0)
    spec = ImageSpec(1, 8, 8, 17)
    generator, discriminator = partial(ConvGenerator, width=2), partial(ConvDiscriminator, width=2)
    gan = GAN(spec, generator=generator, discriminator=discriminator, loss=Hinge(), latent_size=4)
    optimizer = partial(torch.optim.SGD, lr=0.1)
    return AdversarialTask(gan, **{"generator_optimizer": optimizer, "discriminator_optimizer": optimizer} | options)


def test_the_average_has_the_same_discriminator() -> None:
    task = players(average_decay=0.9)
    assert task.evaluated_model is not task.model
    assert task.evaluated_model.discriminator is task.model.discriminator
    assert task.evaluated_model.generator is not task.model.generator
    assert all(parameter.requires_grad for parameter in task.model.parameters())


def test_refreshed_statistics_are_those_of_the_activations() -> None:
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


def in_one_process(task: AdversarialTask) -> AdversarialTask:
    """Let a task take steps without a trainer."""
    # Replacements for what a trainer sets up; their types differ, hence the ignores.
    optimizers = task.configure_optimizers()
    task.optimizers = lambda use_pl_optimizer=True: optimizers  # type: ignore[method-assign,misc,assignment]
    task.manual_backward = lambda loss: loss.backward()  # type: ignore[method-assign,misc,assignment]
    task._trainer = SimpleNamespace(world_size=1, global_step=0)  # type: ignore[assignment]
    return task


IMAGES = torch.randint(17, (12, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def parameters(module: torch.nn.Module) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().clone()


def test_each_player_has_its_own_steps_and_learning_rate() -> None:
    for idle, moving in (("generator", "discriminator"), ("discriminator", "generator")):
        rates = {f"{idle}_optimizer": partial(torch.optim.SGD, lr=0.0)}
        task = in_one_process(players(**rates))
        before = {name: parameters(task.model.get_submodule(name)) for name in (idle, moving)}
        task.training_step((IMAGES, None), 0)
        assert torch.equal(parameters(task.model.get_submodule(idle)), before[idle])
        assert not torch.equal(parameters(task.model.get_submodule(moving)), before[moving])
        assert all(parameter.requires_grad for parameter in task.model.parameters())
        assert task.step_values()[f"{idle}/learning_rate"] == 0
        assert task.step_values()[f"{moving}/learning_rate"] == 0.1


def test_a_step_matches_one_by_hand() -> None:
    """First the discriminator, then the generator with the updated discriminator."""
    task = in_one_process(players())
    by_hand = copy.deepcopy(task.model)
    torch.manual_seed(0)
    task.training_step((IMAGES, None), 0)
    torch.manual_seed(0)
    fakes = by_hand.generate(len(IMAGES))
    for player, make in (
        ("discriminator", lambda: by_hand.discriminator_loss(IMAGES, fakes)),
        ("generator", lambda: by_hand.generator_loss(IMAGES, fakes)),
    ):
        own = list(by_hand.get_submodule(player).parameters())
        gradients = torch.autograd.grad(make().total.mean(), own)
        with torch.no_grad():
            for parameter, gradient in zip(own, gradients, strict=True):
                parameter -= 0.1 * gradient
    torch.testing.assert_close(parameters(task.model), parameters(by_hand))


@pytest.mark.parametrize(("separate", "passes"), [(False, [5, 5, 4]), (True, [5, 5, 4, 4])])
def test_discriminator_steps_share_the_images_and_have_their_own_fakes(
    monkeypatch: pytest.MonkeyPatch, separate: bool, passes: list[int]
) -> None:
    task = in_one_process(players(discriminator_steps=3, separate_passes=separate))
    seen: list[torch.Tensor] = []
    calls: list[tuple[int, bool]] = []
    generate, discriminator_loss = task.model.generate, task.model.discriminator_loss

    def watched_generate(count: int, labels: torch.Tensor | None = None, **noise: torch.Generator | None) -> Fakes:
        fakes = generate(count, labels, **noise)
        calls.append((count, fakes.images.requires_grad))
        return fakes

    def watched_loss(
        images: torch.Tensor, fakes: Fakes, labels: torch.Tensor | None = None, **noise: torch.Generator | None
    ) -> Loss:
        seen.append(images)
        return discriminator_loss(images, fakes, labels, **noise)

    monkeypatch.setattr(task.model, "generate", watched_generate)
    monkeypatch.setattr(task.model, "discriminator_loss", watched_loss)
    images = torch.cat([IMAGES, IMAGES])[:14].clone()
    images[12:] = 3
    task.training_step((images, None), 0)
    assert torch.equal(torch.cat(seen), images)
    # Only the last fakes have gradients.
    assert calls == [(count, index == len(passes) - 1) for index, count in enumerate(passes)]


def test_gradients_are_clipped() -> None:
    plain, clipped = (in_one_process(players(clip_norm=norm)) for norm in (None, 1e-3))
    for task in (plain, clipped):
        before = {name: parameters(task.model.get_submodule(name)) for name in ("generator", "discriminator")}
        task.training_step((IMAGES, None), 0)
        for name, values in before.items():
            step = (parameters(task.model.get_submodule(name)) - values).norm()
            norm = task.step_values()[f"{name}/gradient_norm"]
            expected = 0.1 * (norm if task is plain else 1e-3)
            assert norm > 1e-3
            assert float(step) == pytest.approx(expected, rel=1e-3)


def test_a_schedule_sets_both_learning_rates() -> None:
    task = in_one_process(players(schedule=Cosine(), discriminator_optimizer=partial(torch.optim.SGD, lr=0.4)))
    task.advance(Progress(step=5, epoch=5.0, fraction=0.5, num_epochs=10.0))
    task.training_step((IMAGES, None), 0)
    values = task.step_values()
    assert values["generator/learning_rate"] == pytest.approx(0.05)
    assert values["discriminator/learning_rate"] == pytest.approx(0.2)


def test_training_in_half_precision(full_runs: dict[str, Path], tmp_path: Path) -> None:
    # With a stale autocast cache, the second of several steps would use the weights from before the first.
    run = tmp_path / "run"
    assert main(["train", *RECIPES["wgan_gp"], "--precision", "bf16-mixed", "--out", str(run)]) == 0
    for name in ("generator/loss", "discriminator/penalty"):
        half, whole = ([float(row[f"train/{name}"]) for row in losses(path)] for path in (run, full_runs["wgan_gp"]))
        assert half == pytest.approx(whole, rel=0.1, abs=0.02)
    model = find_model(str(run)).load()
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    # Players without noise, because the noise of processes differs.
    players = ("--model", "noiseless.Players", "--allow", "noiseless", "--probes", "null", "--data", "digits")
    rates = ("--task.generator_optimizer.lr", "0.01", "--task.discriminator_optimizer.lr", "0.01")
    options = (*players, *rates, *SMALL[1:], "--device", "cpu")
    one, two = tmp_path / "one", tmp_path / "two"
    assert genera("train", "gan", *options, "--out", str(one)).returncode == 0
    parallel = genera("train", "gan", *options, "--out", str(two), "--num_devices", "2", "--strategy", "ddp")
    assert parallel.returncode == 0, parallel.stderr
    assert [row["step"] for row in losses(two)] == [row["step"] for row in losses(one)]
    for row_of_one, row_of_two in zip(losses(one), losses(two), strict=True):
        for name, value in row_of_one.items():
            if value:
                assert float(row_of_two[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-5), name


def test_two_processes_train_a_recipe_with_its_probes(tmp_path: Path) -> None:
    # Only the first process evaluates probes, and must not wait for the other.
    run, coverage = (
        tmp_path / "run",
        "{class_path: genera.evaluation.ClassCoverage, init_args: {classifier: lenet-digits}}",
    )
    options = ("--max_epochs", "1", "--probes+", coverage)
    two_processes = ("--num_devices", "2", "--strategy", "ddp", "--device", "cpu")
    done = genera("train", *RECIPES["cgan_digits"], *options, *two_processes, "--out", str(run))
    assert done.returncode == 0, done.stderr
    last = losses(run)[-1]
    assert float(last["samples/diversity"]) > 0
    assert 1 <= float(last["samples/modes"]) <= 10


def test_bad_values_are_one_line(tmp_path: Path, failing: Callable[..., str]) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(20):
        Image.new("L", (12, 12), number).save(pictures / f"{number}.png")
    out = ("--out", str(tmp_path / "run"))
    message = failing("train", *SMALL, "--task.discriminator_steps", "0", *out)
    assert "discriminator_steps must be at least 1, got 0" in message
    message = failing("train", *SMALL, "--task.discriminator_steps", "300", *out)
    assert "at least two images, for batch normalization, and in each process there are 256 for 300" in message
    message = failing("train", *SMALL, "--batch_size", "1", *out)
    assert "there are 1 for 1: raise batch_size" in message
    message = failing("train", *SMALL, "--batch_size", "2", "--num_devices", "2", *out)
    assert "in each process there are 1 for 1" in message
    message = failing("train", *SMALL, "--num_devices", "0", *out)
    assert "num_devices must be at least 1, got 0" in message
    probe = "[{class_path: genera.evaluation.ClassCoverage, init_args: {classifier: lenet-digits}}]"
    own = ("gan", "--data", "folder", "--data.path", str(pictures), "--batch_size", "4")
    assert "counts 10 classes and these images have 0" in failing("train", *own, "--probes", probe, *out)
    assert "a probe does not accept these images" in failing("train", *own, "--data.size", "6", *out)
    message = failing("train", "sngan", *own[1:], "--data.size", "10", *out)
    assert "multiples of 4, such as 8×8, got 10×10" in message
    message = failing("train", "cgan_fm", *own[1:], "--data.size", "8", *out)
    assert "class_conditional needs images with labels" in message
    message = failing("train", "sngan", *own[1:], "--data.size", "8", "--model.discriminator.width", "0", *out)
    assert "width must be at least 1, got 0" in message
    assert not (tmp_path / "run").exists()
    optimizer = "{class_path: LossTask, init_args: {optimizer: torch.optim.Adam}}"
    assert "GAN: take AdversarialTask" in failing("train", *SMALL, "--task", optimizer, *out)
