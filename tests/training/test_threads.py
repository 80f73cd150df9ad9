"""Trainings in threads of one process, and the state of the process afterwards."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from running import TINY, losses

from genera.cli import main

SMALL = ("--max_steps", "8", "--log_every", "1", "--validation_images", "40")
#: Recipes with noise in their weights, losses, validation and samples.
RECIPES = {
    "flow": (TINY,),
    "VAE": ("vae_digits", *SMALL, "--validate_every", "0.1"),
    "GAN": ("cgan_digits", *SMALL, "--validate_every", "0.1"),
    "GAN with a gradient penalty": ("wgan_gp", "--data", "digits", "--batch_size", "10", *SMALL),
    "classifier with dropout": ("lenet", "--data", "digits", *SMALL),
}


def train(recipe: str, run: Path, *, seed: int) -> None:
    assert main(["train", *RECIPES[recipe], "--out", str(run), "--seed", str(seed)]) == 0


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_trainings_in_two_threads_have_the_losses_of_separate_ones(recipe: str, tmp_path: Path) -> None:
    together = threading.Barrier(2)

    def start(seed: int) -> None:
        together.wait()
        train(recipe, tmp_path / f"together-{seed}", seed=seed)

    threads = [threading.Thread(target=start, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        alone, concurrent = tmp_path / f"alone-{seed}", tmp_path / f"together-{seed}"
        train(recipe, alone, seed=seed)
        assert losses(concurrent) == losses(alone)
        assert (concurrent / "model.safetensors").read_bytes() == (alone / "model.safetensors").read_bytes()


def global_states() -> tuple[object, ...]:
    _, numbers, position, *_ = np.random.get_state()
    return torch.get_rng_state().tolist(), random.getstate(), numbers.tolist(), position


@pytest.mark.parametrize("in_thread", [False, True])
def test_the_global_generators_are_restored(in_thread: bool, tmp_path: Path) -> None:
    before = global_states()
    if in_thread:
        thread = threading.Thread(target=train, args=("VAE", tmp_path / "run"), kwargs={"seed": 0})
        thread.start()
        thread.join()
    else:
        train("VAE", tmp_path / "run", seed=0)
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert global_states() == before


def test_models_that_use_the_global_generators_are_reproducible(tmp_path: Path) -> None:
    """In the main thread."""
    for name in ("one", "other"):
        torch.rand(1)
        options = ("--model", "dropout.MeanImageWithDropout", "--allow", "dropout", "--allow", "noiseless")
        assert main(["train", TINY, "--out", str(tmp_path / name), *options]) == 0
    assert losses(tmp_path / "one") == losses(tmp_path / "other")


def test_one_process_leaves_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERA_RUN", "of another thread")
    train("flow", tmp_path / "run", seed=0)
    assert os.environ["GENERA_RUN"] == "of another thread"
