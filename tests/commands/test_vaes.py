"""Every command with VAEs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from genera.cli import main

SHORT = ("--data", "digits", "--batch_size", "256", "--max_steps", "4", "--log_every", "1")


def train(folder: Path, recipe: str, *more: str) -> Path:
    run = folder / recipe
    assert main(["train", recipe, "--out", str(run), *SHORT, *more]) == 0
    return run


@pytest.fixture(scope="module")
def discrete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("runs"), "vae_digits")


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's VAE, whose loss is not a log-probability."""
    return train(tmp_path_factory.mktemp("runs"), "vae")


def test_a_vae_of_integer_pixels_is_measured_like_a_flow(discrete: Path) -> None:
    assert main(["evaluate", str(discrete), "--measures", "bits_per_dim@1,bits_per_dim@8,mse"]) == 0
    measures = json.loads((discrete / "evaluation.json").read_text())["measures"]
    assert list(measures) == ["bits_per_dim@1", "bits_per_dim@8", "mse"]
    # Levels that are all the same cost log2(17) bits; a VAE that has hardly begun, some more or less.
    assert 2 < measures["bits_per_dim@8"]["value"] < 6
    assert 0 < measures["mse"]["value"] < 0.5


def test_without_a_likelihood_measures_of_it_are_unavailable(
    grey: Path, failing: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "VAE has no likelihood to score images with" in failing("score", str(grey))
    assert main(["evaluate", str(grey)]) == 0
    result = json.loads((grey / "evaluation.json").read_text())
    assert "mse" in result["measures"]
    assert not any(name.startswith("bits_per_dim") for name in result["measures"])
    assert "no likelihood" in result["unavailable"]["bits_per_dim@8"]


def test_it_is_scored_reconstructed_and_sampled(
    discrete: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(discrete), "--count", "20", "--out", str(tmp_path / "scores.csv")]) == 0
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 21
    assert main(["reconstruct", str(discrete), "--count", "10", "--out", str(tmp_path / "pairs.png")]) == 0
    assert main(["sample", str(discrete), "--count", "9", "--out", str(tmp_path / "samples.png")]) == 0
    assert main(["figures", str(discrete)]) == 0
    written = {path.stem for path in (discrete / "figures").glob("*.png")}
    of_training, of_latents = {"training", "loss_terms"}, {"latent", "traversals"}
    of_images = {"samples", "nearest_images", "interpolations", "reconstructions"}
    assert written == of_training | of_latents | of_images


def test_its_table_has_the_terms_of_the_bound(discrete: Path) -> None:
    header = (discrete / "metrics.csv").read_text().splitlines()[0].split(",")
    scalars = {"reconstruction", "kl", "kl_per_dim", "active_units", "beta"}
    assert {f"train/{name}" for name in scalars} <= set(header)
    validated = {"reconstruction", "kl", "active_units", "mutual_information", "bits_per_dim"}
    assert {f"validation/{name}" for name in validated} <= set(header)


def test_a_conditional_vae_samples_given_classes(tmp_path: Path, failing: Callable[..., str]) -> None:
    run = train(tmp_path, "vae_conditional")
    assert main(["sample", str(run), "--labels", "[0, 1]", "--out", str(tmp_path / "samples.png")]) == 0
    assert main(["figures", str(run)]) == 0
    assert "between 0 and 9" in failing("sample", str(run), "--labels", "[10]")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("vae", "--model.latent_size", "0"), ("latent_size must be at least 1", "got 0")),
        (("vae", "--model.objective.beta", "-1"), ("beta must not be negative", "-1")),
        (("vae", "--model.objective", "{class_path: Iwae, init_args: {num_samples: 0}}"), ("num_samples", "got 0")),
        (("vae", "--model.likelihood", "BernoulliPixels"), ("2 levels", "got 17", "CrossEntropyPixels")),
        (("vae", "--max_epochs", "50"), ("warm-up of 10 and a cycle of 100 epochs", "50 epochs", "--max_epochs")),
        (("ae", "--model.num_components", "0"), ("num_components must be at least 1", "got 0")),
        (("vae", "--model.encoder", "ConvEncodr"), ("ConvEncodr",)),
        (("vae_discrete", "--model.encoder.num_blocks", "-1"), ("num_blocks must be at least 0", "got -1")),
        (
            ("vae_digits", "--model.objective.schedule.epochs", "0"),
            ("error: a warm-up takes a positive number of epochs, got 0",),
        ),
    ],
)
def test_bad_values_are_one_line(
    arguments: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path, failing: Callable[..., str]
) -> None:
    message = failing("train", *arguments, "--data", "digits", "--out", str(tmp_path / "run"))
    for part in parts:
        assert part in message
    assert not (tmp_path / "run").exists()
