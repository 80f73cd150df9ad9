"""Trainings in threads of one process, and what a training leaves of the process."""

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
#: Recipes with noise in their weights, their losses, their validation and what they draw.
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
def test_two_trainings_in_two_threads_are_each_what_it_is_alone(recipe: str, tmp_path: Path) -> None:
    together = threading.Barrier(2)

    def start(seed: int) -> None:
        together.wait()
        train(recipe, tmp_path / f"beside-{seed}", seed=seed)

    threads = [threading.Thread(target=start, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        alone, references = tmp_path / f"alone-{seed}", tmp_path / f"beside-{seed}"
        train(recipe, alone, seed=seed)
        assert losses(references) == losses(alone)
        assert (references / "model.safetensors").read_bytes() == (alone / "model.safetensors").read_bytes()


def global_states() -> tuple[object, ...]:
    _, numbers, position, *_ = np.random.get_state()
    return torch.get_rng_state().tolist(), random.getstate(), numbers.tolist(), position


@pytest.mark.parametrize("in_thread", [False, True])
def test_the_global_generators_are_left_as_they_were(in_thread: bool, tmp_path: Path) -> None:
    before = global_states()
    if in_thread:
        thread = threading.Thread(target=train, args=("VAE", tmp_path / "run"), kwargs={"seed": 0})
        thread.start()
        thread.join()
    else:
        train("VAE", tmp_path / "run", seed=0)
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert global_states() == before


def test_a_model_of_ones_own_may_take_its_noise_from_them(tmp_path: Path) -> None:
    """It is reproducible as well, in the main thread."""
    for name in ("one", "other"):
        torch.rand(1)
        own = ("--model", "own_noise.Dropping", "--allow", "own_noise", "--allow", "noiseless")
        assert main(["train", TINY, "--out", str(tmp_path / name), *own]) == 0
    assert losses(tmp_path / "one") == losses(tmp_path / "other")


def test_one_process_leaves_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERA_RUN", "of another thread")
    train("flow", tmp_path / "run", seed=0)
    assert os.environ["GENERA_RUN"] == "of another thread"
