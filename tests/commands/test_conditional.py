"""Every command with a class-conditional model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from running import TINY

from genera.cli import main


def conditional_recipe(path: Path, *, context_channels: int) -> str:
    """The tiny recipe as a class-conditional model."""
    config = yaml.safe_load(Path(TINY).read_text())
    config["model"]["init_args"]["class_conditional"] = True
    config["model"]["init_args"]["transforms"][1]["init_args"]["context_channels"] = context_channels
    path.write_text(yaml.safe_dump(config))
    return str(path)


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conditional")
    recipe = conditional_recipe(folder / "recipe.yaml", context_channels=10)
    assert main(["train", recipe, "--out", str(folder / "run"), "--max_epochs", "1"]) == 0
    return folder / "run"


def test_it_samples_the_given_classes(conditional: Path, tmp_path: Path) -> None:
    pictures = []
    for labels in ("[3]", "[3]", "[7]"):
        out = tmp_path / f"{len(pictures)}.png"
        assert main(["sample", str(conditional), "--labels", labels, "--count", "9", "--out", str(out)]) == 0
        pictures.append(np.asarray(Image.open(out)))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_all_commands_work(conditional: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(conditional), "--measures", "bits_per_dim@1"]) == 0
    assert main(["score", str(conditional), "--count", "20", "--out", str(tmp_path / "scores.csv")]) == 0
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 21
    capsys.readouterr()
    assert main(["reconstruct", str(conditional), "--count", "10", "--out", str(tmp_path / "pairs.png")]) == 0
    assert "0.000000 over 10 images" in capsys.readouterr().out
    assert main(["figures", str(conditional), "--out", str(tmp_path / "figures")]) == 0
    assert {path.stem for path in tmp_path.glob("figures/**/*.png")} >= {"samples", "samples_by_class", "pixel_bits"}


def test_images_without_its_classes_are_refused(conditional: Path, tmp_path: Path, failing: Callable[..., str]) -> None:
    data = tmp_path / "images.npz"
    pixels = np.zeros((40, 1, 8, 8), dtype=np.uint8)
    options = ("--data", "npz", "--data.path", str(data), "--data.levels", "17", "--out", str(tmp_path / "pairs.png"))
    np.savez(data, images=pixels)
    assert "choose data with labels" in failing("reconstruct", str(conditional), *options)
    np.savez(data, images=pixels, labels=np.full(40, 12))
    assert "trained on 10 classes" in failing("reconstruct", str(conditional), *options)


def test_a_recipe_for_another_number_of_classes(tmp_path: Path, failing: Callable[..., str]) -> None:
    recipe = conditional_recipe(tmp_path / "recipe.yaml", context_channels=3)
    message = failing("train", recipe, "--out", str(tmp_path / "run"))
    assert "context_channels 3, but the context has 10 channels" in message
    assert not (tmp_path / "run").exists()
