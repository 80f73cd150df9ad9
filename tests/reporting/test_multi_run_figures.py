"""Figures of several models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from genera.cli import main
from genera.reporting.multi_run_figures import datasets_figure, latent_size_figure, reconstructions_figure
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


def test_latent_sizes(autoencoders: list[str]) -> None:
    by_size = {size: (find_model(run), find_model(run).load()) for size, run in zip(SIZES, autoencoders, strict=True)}
    (axes,) = latent_size_figure(by_size, data="digits").axes
    points = np.asarray(axes.get_lines()[0].get_xydata())
    assert points[:, 0].tolist() == list(SIZES)
    measured = [json.loads((Path(run) / "evaluation-digits-validation.json").read_text()) for run in autoencoders]
    assert points[:, 1].tolist() == [result["measures"]["mse"]["value"] for result in measured]
    steps = json.loads((Path(autoencoders[0]) / "environment.json").read_text())["steps"]
    assert axes.get_title() == f"autoencoders on digits: {steps} steps each"
    (axes,) = reconstructions_figure(by_size, data="digits", seed=0).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["image", "4 dimensions", "16 dimensions"]


def test_one_recipe_on_two_data_sets(vaes: list[str], tmp_path: Path) -> None:
    by_data = {name: (find_model(run), find_model(run).load()) for name, run in zip("ab", vaes, strict=True)}
    *pictures, curves = datasets_figure(by_data, seed=0).axes
    assert "vae_digits on digits" in pictures[0].get_title()
    assert "vae_digits on npz" in pictures[1].get_title()
    assert [line.get_label() for line in curves.get_lines()] == ["a", "b"]
    without = {}
    for name, run in zip("ab", vaes, strict=True):
        shutil.copytree(run, tmp_path / name)
        (tmp_path / name / "metrics.csv").unlink()
        without[name] = (find_model(str(tmp_path / name)), by_data[name][1])
    assert len(datasets_figure(without, seed=0).axes) == len(pictures)


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
