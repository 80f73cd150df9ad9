"""Numerical arguments of commands and of the functions they call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cases import complains
from PIL import Image
from running import TINY

import genera
from genera.cli import main
from genera.core import ImageSpec
from genera.core.distributions import GaussianMixture
from genera.data.image_grid import MAX_IMAGES, image_grid
from genera.evaluation import classification_accuracy_score, log_probs, sample_images
from genera.evaluation.extractors import RandomFeatures
from genera.evaluation.intervals import bootstrap_interval
from genera.flows import InvertibleConv1x1, Permutation
from genera.reporting.drawing import LoadedModel
from genera.zoo import find_model

HUGE = str(10**20)

#: A command with its options, where {run} is a trained model, and a part of the error message.
COMMANDS = [
    (["sample", "{run}", "--count", HUGE], "count must be at most 10,000, the limit of one picture"),
    (["sample", "{run}", "--count", "10001"], "got 10001"),
    (["sample", "{run}", "--count", "-1"], "count must be at least 1, got -1"),
    (["sample", "{run}", "--count", "2.5"], "count: expected int, got 2.5"),
    (["sample", "{run}", "--count", "true"], "count: expected int, got True"),
    (["sample", "{run}", "--temperature", "nan"], "temperature: expected float, got nan"),
    (["sample", "{run}", "--temperature", ".nan"], "temperature must be a number between 0 and 100, got nan"),
    (["sample", "{run}", "--temperature", "-1"], "temperature must be a number between 0 and 100, got -1"),
    (["sample", "{run}", "--temperature", "1e30"], "temperature must be a number between 0 and 100, got 1e+30"),
    (["sample", "{run}", "--temperature", ".inf"], "temperature must be a number between 0 and 100, got inf"),
    (["sample", "{run}", "--seed", "-1"], "seed must be at least 0, got -1"),
    (["sample", "{run}", "--seed", HUGE], "seed must be at most 9,223,372,036,854,775,807, got 100"),
    (["sample", "{run}", "--labels", "[]"], "labels must be between 0 and 9"),
    (["sample", "{run}", "--labels", f"[{HUGE}]"], "labels must be between 0 and 9"),
    (["reconstruct", "{run}", "--count", HUGE], "count must be at most 10,000, the limit of one picture"),
    (["score", "{run}", "--count", "-3"], "count must be at least 1, got -3"),
    (["score", "{run}", "--importance_samples", "0"], "importance_samples must be at least 1, got 0"),
    (["score", "{run}", "--importance_samples", HUGE], "importance_samples must be at most 1,000,000"),
    (["score", "{run}", "--seed", HUGE], "seed must be at most"),
    (["evaluate", "{run}", "--count", HUGE], f"number of test images of digits, got {HUGE}"),
    (["evaluate", "{run}", "--count", "0"], "count must be at least 1, got 0"),
    (["compare", "{run}", "{run}", "--out", "{out}", "--seed", HUGE], "seed must be at most"),
    (["figures", "{run}", "--seed", "-1"], "seed must be at least 0, got -1"),
    (["train", TINY, "--out", "{out}", "--seed", HUGE], "seed must be at most"),
    (["train", TINY, "--out", "{out}", "--seed", "-1"], "seed must be at least 0, got -1"),
]


@pytest.mark.parametrize(("command", "line"), COMMANDS)
def test_numbers_out_of_range_are_one_line(
    trained: Path, tmp_path: Path, failing: Callable[..., str], command: list[str], line: str
) -> None:
    out = tmp_path / "out"
    message = failing(*(part.format(run=trained, out=out) for part in command))
    assert line in message
    assert not out.exists()


def seeded(run: Path) -> dict[str, Callable[[Any], object]]:
    """All functions that take a seed, as functions of it."""
    trained = find_model(str(run))
    model, images = trained.load(), trained.open_data().split("validation")
    few = images.first(20)
    return {
        "sample_images": lambda seed: sample_images(model, 2, seed=seed),
        "log_probs": lambda seed: log_probs(model, few, seed=seed),
        "classification_accuracy_score": lambda seed: classification_accuracy_score(
            few, few, spec=model.spec, seed=seed
        ),
        "LoadedModel": lambda seed: LoadedModel(trained, model, trained.open_data, seed),
        "bootstrap_interval": lambda seed: bootstrap_interval(torch.ones(3), seed=seed),
        "RandomFeatures": lambda seed: RandomFeatures(ImageSpec(1, 8, 8), seed=seed),
        "GaussianMixture": lambda seed: GaussianMixture((2,), seed=seed),
        "Permutation": lambda seed: Permutation((4, 1, 1), seed=seed),
        "InvertibleConv1x1": lambda seed: InvertibleConv1x1((4, 1, 1), seed=seed),
    }


def test_every_seed_is_checked(trained: Path) -> None:
    for call in seeded(trained).values():
        for seed in (-1, 2**63, 10**20, 1.5, "1", True):
            with complains("seed must be", str(seed)):
                call(seed)


def test_the_largest_seed_trains_and_samples(tmp_path: Path) -> None:
    run, largest = tmp_path / "run", str(2**63 - 1)
    assert main(["train", TINY, "--out", str(run), "--max_steps", "2", "--seed", largest]) == 0
    assert main(["sample", str(run), "--count", "2", "--seed", largest, "--out", str(tmp_path / "x.png")]) == 0


def test_the_help_states_the_maximum_number_of_images(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("sample", "reconstruct"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"at most {MAX_IMAGES:,}" in " ".join(capsys.readouterr().out.split())


def test_a_picture_is_filled_batch_by_batch_with_the_images_of_its_seed(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "samples.png"
    assert main(["sample", str(trained), "--count", "300", "--seed", "3", "--out", str(out)]) == 0
    model = genera.load(trained)
    expected = image_grid(sample_images(model, 300, seed=3), levels=model.spec.levels)
    assert np.array_equal(Image.open(out), expected)


def test_reconstructions_of_many_images_are_made_in_batches(trained: Path, tmp_path: Path, monkeypatch) -> None:
    sizes = []
    model = find_model(str(trained))
    kind = type(model.load())
    reconstruct = kind.reconstruct
    monkeypatch.setattr(
        kind, "reconstruct", lambda self, images, labels: sizes.append(len(images)) or reconstruct(self, images, labels)
    )
    out = tmp_path / "pairs.png"
    assert main(["reconstruct", str(trained), "--split", "train", "--count", "300", "--out", str(out)]) == 0
    assert sum(sizes) == 300
    assert max(sizes) < 300
