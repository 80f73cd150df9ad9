"""What several models show together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from genera.cli import main
from genera.reporting.multi_run_figures import codes_figure, data_sets_figure, rebuilt_figure
from genera.zoo import find_model

LENGTHS = (4, 16)


@pytest.fixture(scope="module")
def autoencoders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    for length in LENGTHS:
        options = ("--model.latent_size", str(length), "--model.num_components", "1", "--max_epochs", "3")
        assert main(["train", "ae", "--data", "digits", *options, "--out", str(folder / f"ae-{length}")]) == 0
    return [str(folder / f"ae-{length}") for length in LENGTHS]


@pytest.fixture(scope="module")
def vaes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same recipe on digits, and on noise."""
    folder = tmp_path_factory.mktemp("vaes")
    np.savez(folder / "noise.npz", images=np.random.default_rng(0).integers(17, size=(300, 12, 12), dtype=np.uint8))
    other = ("--data", "npz", "--data.path", str(folder / "noise.npz"), "--data.levels", "17")
    for name, data in (("on-digits", ("--data", "digits")), ("on-noise", other)):
        assert main(["train", "vae_digits", *data, "--max_epochs", "20", "--out", str(folder / name)]) == 0
    return [str(folder / name) for name in ("on-digits", "on-noise")]


def test_the_length_of_the_code(autoencoders: list[str]) -> None:
    by_length = {
        length: (find_model(run), find_model(run).load()) for length, run in zip(LENGTHS, autoencoders, strict=True)
    }
    (axes,) = codes_figure(by_length, data="digits").axes
    points = np.asarray(axes.get_lines()[0].get_xydata())
    assert points[:, 0].tolist() == list(LENGTHS)
    measured = [json.loads((Path(run) / "evaluation-digits-validation.json").read_text()) for run in autoencoders]
    assert points[:, 1].tolist() == [found["measures"]["mse"]["value"] for found in measured]
    steps = json.loads((Path(autoencoders[0]) / "environment.json").read_text())["steps"]
    assert axes.get_title() == f"autoencoders on digits: {steps} steps each"
    (axes,) = rebuilt_figure(by_length, data="digits", seed=0).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["image", "4 numbers", "16 numbers"]


def test_one_recipe_on_two_data_sets(vaes: list[str], tmp_path: Path) -> None:
    by_data = {name: (find_model(run), find_model(run).load()) for name, run in zip("ab", vaes, strict=True)}
    *pictures, course = data_sets_figure(by_data, seed=0).axes
    assert "vae_digits on digits" in pictures[0].get_title()
    assert "vae_digits on npz" in pictures[1].get_title()
    assert [line.get_label() for line in course.get_lines()] == ["a", "b"]
    without = {}
    for name, run in zip("ab", vaes, strict=True):
        shutil.copytree(run, tmp_path / name)
        (tmp_path / name / "metrics.csv").unlink()
        without[name] = (find_model(str(tmp_path / name)), by_data[name][1])
    assert len(data_sets_figure(without, seed=0).axes) == len(pictures)


def test_without_their_images_models_keep_their_other_figures(
    autoencoders: list[str], vaes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    shutil.copytree(vaes[1], gone)
    config = (gone / "config.yaml").read_text()
    (gone / "config.yaml").write_text(config.replace("noise.npz", "nowhere.npz"))
    assert main(["figures", *autoencoders, vaes[0], str(gone), "--out", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / "codes-digits.png").is_file()
    assert "left out vae_digits-on-digits-and-npz" in capsys.readouterr().err


def test_the_command_draws_what_several_models_allow(
    autoencoders: list[str], vaes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figures", *autoencoders, *vaes, "--out", str(tmp_path)]) == 0
    across = [Path(line) for line in capsys.readouterr().out.splitlines() if Path(line).parent == tmp_path]
    assert all(path.is_file() for path in across)
    assert [path.name for path in across if path.suffix == ".svg"] == [
        "codes-digits.svg",
        "codes-digits-reconstructions.svg",
        "vae_digits-on-digits-and-npz.svg",
    ]
