"""Figures say what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from genera.data.pictures import image_grid
from genera.reporting.figures import describe, sample_figure, training_curve
from genera.training.runs import RunDirectory
from genera.zoo import TrainedModel


@pytest.fixture
def model(trained: Path) -> TrainedModel:
    return TrainedModel(str(trained), RunDirectory.open(trained))


def test_the_curve_is_that_of_the_table(model: TrainedModel) -> None:
    (axes,) = training_curve(model).axes
    curves = {line.get_label(): line for line in axes.get_lines()}
    assert set(curves) == {"train", "validation"}
    assert len(np.asarray(curves["train"].get_ydata())) == 5
    assert axes.get_ylabel() == "bits per dimension"
    assert axes.get_title() == describe(model)
    assert "tiny on digits (5 steps" in describe(model)


def test_a_grid_keeps_its_images(model: TrainedModel) -> None:
    images = torch.arange(64, dtype=torch.uint8).reshape(1, 1, 8, 8) % 17
    (axes,) = sample_figure(images, title="one image", levels=17).axes
    (shown,) = axes.get_images()
    assert np.array_equal(np.asarray(shown.get_array()), np.asarray(image_grid(images, levels=17)))
    assert axes.get_title() == "one image"
