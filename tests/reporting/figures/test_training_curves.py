from __future__ import annotations

from pathlib import Path

import numpy as np
from cases import IMAGE_MODELS
from in_memory import in_memory

from genera.reporting.curves import Table
from genera.reporting.drawing import LoadedModel
from genera.reporting.figures.training_curves import LOSS_TERMS, PLAYERS, diversity, panels_figure, training
from genera.zoo import find_model

ADVERSARIAL = {
    10: {
        "epoch": 1.0,
        "train/discriminator/adversarial": 1.2,
        "train/generator/adversarial": 0.9,
        "train/generator/feature_matching": 0.3,
        "train/discriminator/real": 0.7,
        "train/discriminator/fake": 0.2,
    },
    20: {"epoch": 2.0, "samples/diversity": 0.5, "images/diversity": 0.6, "train/generator/adversarial": 1.1},
    # Means over two steps only.
    22: {"epoch": 2.2, "samples/diversity": 0.4, "images/diversity": 0.6, "train/generator/adversarial": 9.9},
}


def with_table(table: Table) -> LoadedModel:
    return in_memory(*IMAGE_MODELS["GAN"](), table=table)


def test_the_curve_shows_the_table(trained: Path) -> None:
    model = find_model(str(trained))
    drawing = training(LoadedModel(model, model.load(), model.open_data))
    assert drawing is not None
    (axes,) = drawing.draw().axes
    curves = {line.get_label(): line for line in axes.get_lines()}
    assert set(curves) == {"train", "validation"}
    assert len(np.asarray(curves["train"].get_ydata())) == 5
    assert axes.get_ylabel() == "bits per dimension"


def test_without_bits_the_unweighted_bound_is_compared_with_the_validation_loss() -> None:
    row = {"seconds": 60.0, "train/loss": 5.0, "train/bound": 7.0, "validation/loss": 8.0}
    drawing = training(with_table({1: row}))
    assert drawing is not None
    (axes,) = drawing.draw().axes
    assert axes.get_ylabel() == "nats per image"
    assert [line.get_xydata().tolist() for line in axes.get_lines()] == [[[1, 7]], [[1, 8]]]


def test_panels_show_the_existing_columns() -> None:
    figure = panels_figure(ADVERSARIAL, PLAYERS)
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    assert list(panels) == ["loss of the discriminator", "loss of the generator", "feature matching", "D(x)"]
    lines = {line.get_label(): line for line in panels["loss of the generator"].get_lines()}
    np.testing.assert_allclose(lines["adversarial"].get_xydata(), [[1, 0.9], [2, 1.1]])
    assert figure.axes[-1].get_xlabel() == "epochs"


def test_diversity_is_beside_that_of_images() -> None:
    drawing = diversity(with_table(ADVERSARIAL))
    assert drawing is not None
    (axes,) = drawing.draw().axes
    styles = {line.get_label(): line.get_linestyle() for line in axes.get_lines()}
    assert styles == {"samples": "-", "images": "--", "a third of images: collapse": ":"}
    # Also in the last row: values of samples do not depend on the number of steps.
    np.testing.assert_allclose(axes.get_lines()[0].get_xydata(), [[2, 0.5], [2.2, 0.4]])
    np.testing.assert_allclose(axes.get_lines()[2].get_xydata(), [[2, 0.2], [2.2, 0.2]])
    assert diversity(with_table({10: {"epoch": 1.0, "train/generator/adversarial": 0.9}})) is None


def test_loss_terms_show_the_existing_columns() -> None:
    table = {
        0: {"epoch": 0.0, "validation/reconstruction": 90.0, "validation/kl": 0.0},
        10: {"epoch": 1.0, "validation/reconstruction": 80.0, "validation/kl": 5.0, "train/beta": 1.0},
    }
    panels = panels_figure(table, LOSS_TERMS).axes
    assert [axes.get_ylabel() for axes in panels] == ["reconstruction, nats", "KL, nats", "β"]
    np.testing.assert_allclose(panels[1].get_lines()[0].get_xydata(), [[0, 0], [1, 5]])
    assert all(axes.get_legend() is None for axes in panels)
