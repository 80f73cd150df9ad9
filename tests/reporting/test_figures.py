"""Content of the figures of one model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import checkered, made, pixels

from genera.core import ImageSpec
from genera.data import ImageSplit
from genera.data.image_grid import image_grid
from genera.evaluation import interpolate
from genera.flows import Logit, NormalizingFlow
from genera.reporting import make_figures
from genera.reporting.figures import describe, interpolation_figure, sample_figure, training_curve
from genera.runs.readers import read_table
from genera.runs.run_directory import RunDirectory
from genera.zoo import TrainedModel


@pytest.fixture
def model(trained: Path) -> TrainedModel:
    return TrainedModel(str(trained), RunDirectory.open(trained))


def test_the_curve_shows_the_table(model: TrainedModel) -> None:
    about = describe(model)
    (axes,) = training_curve(read_table(model.run.metrics), about=about).axes
    curves = {line.get_label(): line for line in axes.get_lines()}
    assert set(curves) == {"train", "validation"}
    assert len(np.asarray(curves["train"].get_ydata())) == 5
    assert axes.get_ylabel() == "bits per dimension"
    assert axes.get_title() == about
    assert "tiny on digits (5 steps" in about


def test_a_grid_shows_its_images(model: TrainedModel) -> None:
    images = torch.arange(64, dtype=torch.uint8).reshape(1, 1, 8, 8) % 17
    (axes,) = sample_figure(images, title="one image", levels=17, columns=8).axes
    (image,) = axes.get_images()
    assert np.array_equal(np.asarray(image.get_array()), np.asarray(image_grid(images, levels=17)))
    assert axes.get_title() == "one image"


def test_every_row_ends_where_the_next_starts() -> None:
    flow = made(lambda: NormalizingFlow(ImageSpec(1, 4, 4, 17), transforms=[Logit])).float()
    images = ImageSplit(pixels(flow.spec, 10))
    (axes,) = interpolation_figure(flow, images, about="a flow", seed=0).axes
    few = images.pixels[:8]
    paths = interpolate(flow, (few, few.roll(-1, dims=0)), count=10, generator=torch.Generator().manual_seed(0))
    expected = image_grid(paths.flatten(0, 1), columns=10, levels=17)
    assert np.array_equal(np.asarray(axes.get_images()[0].get_array()), np.asarray(expected))
    assert "a flow" in axes.get_title()


def test_a_conditional_model_interpolates_within_a_class() -> None:
    spec = ImageSpec(1, 4, 4, 17, num_classes=2)
    coupling = partial(checkered, count=2, context_channels=2)
    flow = made(lambda: NormalizingFlow(spec, transforms=[Logit, coupling], class_conditional=True)).float()
    images = ImageSplit(pixels(spec, 5), torch.tensor([0, 1, 0, 1, 1]))
    (axes,) = interpolation_figure(flow, images, about="", seed=0).axes
    ends, generator = (images.pixels, images.pixels[[2, 3, 0, 4, 1]]), torch.Generator().manual_seed(0)
    paths = interpolate(flow, ends, count=10, labels=images.labels, generator=generator)
    expected = image_grid(paths.flatten(0, 1), columns=10, levels=17)
    assert np.array_equal(np.asarray(axes.get_images()[0].get_array()), np.asarray(expected))


def test_without_its_data_the_other_figures_are_made(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_run / "config.yaml"
    gone = tmp_path / "gone.npz"
    config.write_text(config.read_text().replace("name: digits", f"name: npz\n  path: {gone}"))
    paths = make_figures(TrainedModel("mine", RunDirectory.open(tiny_run)), tmp_path / "figures")
    assert {path.stem for path in paths} == {"training", "samples"}
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert line.startswith("mine: skipped interpolations, pixel_bits, which need images: ")
    assert str(gone) in line
