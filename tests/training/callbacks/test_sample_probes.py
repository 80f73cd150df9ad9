"""Probes of samples during training."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from running import TINY, losses

from genera.cli import main
from genera.data import ImageSplit, find_dataset
from genera.evaluation import ClassCoverage, Diversity
from genera.training.callbacks.sample_probes import SampleProbes


def spread(images: torch.Tensor) -> dict[str, float]:
    """A probe that counts different values."""
    return {"diversity": float(len(images.unique())), "highest": float(images.max())}


@pytest.fixture
def probes() -> SampleProbes:
    images = ImageSplit(torch.arange(17, dtype=torch.uint8).view(17, 1, 1, 1))
    return SampleProbes([spread], images=images, levels=17, seed=0)


def test_probes_always_get_256_levels(probes: SampleProbes) -> None:
    assert probes._apply(probes.images.pixels) == {"diversity": 17.0, "highest": 255.0}


def test_one_warning_that_samples_are_few_images(probes: SampleProbes, capsys: pytest.CaptureFixture[str]) -> None:
    probes._references = {"diversity": 17.0}
    for diversity, warnings in ((6.0, 0), (math.nan, 0), (5.0, 1), (4.0, 0)):
        probes._warn_if_collapsed({"diversity": diversity})
        assert capsys.readouterr().err.count("copies of a few images") == warnings
    state = probes.state_dict()
    probes._has_warned = False
    probes.load_state_dict(state)
    probes._warn_if_collapsed({"diversity": 1.0})
    assert not capsys.readouterr().err


@pytest.mark.parametrize(("steps", "warnings"), [(2, 0), (178, 1)])
def test_a_training_warns_of_a_collapse_after_enough_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: int, warnings: int
) -> None:
    model = ("--model", "noiseless.Collapsed", "--allow", "noiseless", "--data", "digits", "--batch_size", "16")
    assert main(["train", "gan", *model, "--max_steps", str(steps), "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().err.count("copies of a few images") == warnings


def test_probes_work_with_any_family(tmp_path: Path) -> None:
    run = tmp_path / "run"
    probes = "[{class_path: genera.evaluation.Diversity}]"
    assert main(["train", TINY, "--out", str(run), "--max_epochs", "2", "--probes", probes]) == 0
    values = [row["samples/diversity"] for row in losses(run)]
    assert [bool(value) for value in values] == [False] * 4 + [True] + [False] * 4 + [True]
    assert len({row["images/diversity"] for row in losses(run)} - {""}) == 1


def test_class_coverage_needs_the_classes_of_its_classifier(tmp_path: Path, failing: Callable[..., str]) -> None:
    path, run = tmp_path / "three.npz", tmp_path / "run"
    rng = np.random.default_rng(0)
    np.savez(path, images=rng.integers(0, 256, (90, 8, 8), dtype=np.uint8), labels=np.arange(90) % 3)
    probes = "[{class_path: genera.evaluation.ClassCoverage, init_args: {classifier: lenet-digits}}]"
    data = ("--data", "npz", "--data.path", str(path), "--batch_size", "8")
    message = failing("train", "cgan_digits", *data, "--probes", probes, "--out", str(run))
    assert "counts 10 classes and these images have 3" in message
    assert not run.exists()


@pytest.mark.parametrize(("recipe", "reason"), [("ae", "before its training ends"), ("lenet", "at all")])
def test_probes_need_a_model_that_samples_during_training(
    tmp_path: Path, failing: Callable[..., str], recipe: str, reason: str
) -> None:
    run, probes = tmp_path / "run", "[{class_path: genera.evaluation.Diversity}]"
    message = failing("train", recipe, "--data", "digits", "--probes", probes, "--out", str(run))
    assert f"has none {reason}: leave probes out" in message
    assert not run.exists()


def test_the_diversity_of_copies_is_zero() -> None:
    image = torch.randint(256, (1, 1, 8, 8), dtype=torch.uint8)
    assert Diversity()(image.expand(6, -1, -1, -1))["diversity"] == pytest.approx(0, abs=1e-5)


def test_class_coverage_counts_classes() -> None:
    digits = find_dataset("digits")().split("test")
    assert digits.labels is not None
    rescaled = (digits.pixels.float() * (255 / 16)).round().to(torch.uint8)
    probe = ClassCoverage("lenet-digits")
    assert probe(rescaled)["modes"] == 10
    assert probe(rescaled)["class_kl"] < 0.01
    few = probe(rescaled[digits.labels < 2])
    assert few["modes"] <= 3
    assert few["class_kl"] == pytest.approx(math.log(5), abs=0.15)
    with pytest.raises(ValueError, match="is a NormalizingFlow, not a classifier"):
        ClassCoverage("realnvp-digits")
    with pytest.raises(ValueError, match="must have shape"):
        probe(rescaled[:, :, 1:])
