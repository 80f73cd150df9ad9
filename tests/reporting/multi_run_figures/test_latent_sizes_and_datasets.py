"""Figures of several models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from genera.cli import main
from genera.reporting.drawing import Drawing, LoadedModel
from genera.reporting.multi_run_figures.datasets import datasets
from genera.reporting.multi_run_figures.latent_sizes import latent_sizes
from genera.zoo import find_model

SIZES = (4, 16)


@pytest.fixture(scope="module")
def autoencoders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    for size in SIZES:
        options = ("--model.latent_size", str(size), "--model.num_components", "1", "--max_epochs", "3")
        assert main(["train", "ae", "--data", "digits", *options, "--out", str(folder / f"ae-{size}")]) == 0
    return [str(folder / f"ae-{size}") for size in SIZES]


@pytest.fixture(scope="module")
def vaes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same recipe on digits, and on noise."""
    folder = tmp_path_factory.mktemp("vaes")
    np.savez(folder / "noise.npz", images=np.random.default_rng(0).integers(17, size=(300, 12, 12), dtype=np.uint8))
    other = ("--data", "npz", "--data.path", str(folder / "noise.npz"), "--data.levels", "17")
    for name, data in (("on-digits", ("--data", "digits")), ("on-noise", other)):
        assert main(["train", "vae_digits", *data, "--max_epochs", "20", "--out", str(folder / name)]) == 0
    return [str(folder / name) for name in ("on-digits", "on-noise")]


def loaded(runs: Iterable[str | Path]) -> list[LoadedModel]:
    models = [find_model(str(run)) for run in runs]
    return [LoadedModel(trained, trained.load(), trained.open_data) for trained in models]


def test_latent_sizes(autoencoders: list[str]) -> None:
    # In any order.
    errors, reconstructions = latent_sizes(loaded(reversed(autoencoders)))
    (axes,) = errors.draw().axes
    points = np.asarray(axes.get_lines()[0].get_xydata())
    assert points[:, 0].tolist() == list(SIZES)
    measured = [json.loads((Path(run) / "evaluation-digits-validation.json").read_text()) for run in autoencoders]
    assert points[:, 1].tolist() == [result["measures"]["mse"]["value"] for result in measured]
    steps = json.loads((Path(autoencoders[0]) / "environment.json").read_text())["steps"]
    assert errors.title == f"autoencoders on digits: {steps} steps each"
    (axes,) = reconstructions.draw().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["image", "4 dimensions", "16 dimensions"]
    assert not list(latent_sizes(loaded(autoencoders[:1])))


def test_one_recipe_on_two_data_sets(vaes: list[str], autoencoders: list[str], tmp_path: Path) -> None:
    def drawing_of(runs: Iterable[str | Path]) -> Drawing:
        (drawing,) = datasets(loaded(runs))
        return drawing

    *pictures, curves = drawing_of(vaes).draw().axes
    assert "vae_digits on digits" in pictures[0].get_title()
    assert "vae_digits on npz" in pictures[1].get_title()
    assert [line.get_label() for line in curves.get_lines()] == ["digits", "npz"]
    assert {image.get_interpolation() for axes in pictures for image in axes.get_images()} == {"nearest"}
    for run in vaes:
        shutil.copytree(run, tmp_path / Path(run).name)
        (tmp_path / Path(run).name / "metrics.csv").unlink()
    assert len(drawing_of(tmp_path.iterdir()).draw().axes) == len(pictures)
    # Two recipes, each on one data set.
    assert not list(datasets(loaded([vaes[1], autoencoders[0]])))


def test_without_their_images_the_other_figures_are_made(
    autoencoders: list[str], vaes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(vaes[1], gone)
    config = (gone / "config.yaml").read_text()
    (gone / "config.yaml").write_text(config.replace("noise.npz", "nowhere.npz"))
    assert main(["figures", *autoencoders, vaes[0], str(gone), "--out", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / "codes-digits.png").is_file()
    assert "skipped vae_digits-on-digits-and-npz" in capsys.readouterr().err


def test_the_command_writes_figures_of_several_models(
    autoencoders: list[str], vaes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figures", *autoencoders, *vaes, "--out", str(tmp_path)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines() if Path(line).parent == tmp_path]
    assert all(path.is_file() for path in written)
    assert [path.name for path in written if path.suffix == ".svg"] == [
        "codes-digits.svg",
        "codes-digits-reconstructions.svg",
        "vae_digits-on-digits-and-npz.svg",
    ]
