"""The pictures of a comparison: what every model draws and makes of images, and what quality costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import Images
from genera.data.pictures import pair_grid
from genera.evaluation import draw
from genera.evaluation.memorisation import nearest
from genera.reporting.cards import card_of
from genera.reporting.comparison import Comparison
from genera.reporting.figures import (
    interpolation_figure,
    own_images,
    reconstruction_figure,
    sample_figure,
    samples_of,
    training_curve,
)
from genera.reporting.gan_figures import players_figure
from genera.reporting.report import Picture
from genera.training.runs import read_table
from genera.zoo import TrainedModel

#: Draws beside their nearest training images.
_NUM_NEAREST = 16
#: What quality is, by the first that is measured; and what it costs.
_QUALITY = ("fd[lenet]", "fd[random]", "bits_per_dim@8", "bits_per_dim@1")


def pictures(
    models: Sequence[tuple[TrainedModel, ImageModel]], comparison: Comparison, *, seed: int
) -> dict[str, Sequence[Picture]]:
    """Sections of pictures, by their title; within a section the same seed and the same images for every model.

    Args:
        models: as they lie on the disk, and in evaluation mode.
        comparison: what was measured of them.
        seed: of draws and of the choice of images.

    Raises:
        ValueError: the images of a model are missing.
    """
    sections: dict[str, list[Picture]] = {
        title: [] for title in ("Samples", "Reconstructions", "Interpolations", "Nearest training images", "Training")
    }
    for (trained, model), row in zip(models, comparison.rows, strict=True):
        name = row.model
        levels = model.spec.levels
        if isinstance(model, Generative):
            columns = 10 if model.class_conditional else 8
            figure = sample_figure(samples_of(model, seed=seed), title=name, levels=levels, columns=columns)
            sections["Samples"].append(Picture(figure, f"Draws of {name}"))
            train = trained.open_data().split("train")
            figure = neighbours_figure(model, train, about=name, seed=seed)
            caption = f"Draws of {name}, and below each the training image nearest to it"
            sections["Nearest training images"].append(Picture(figure, caption))
        if isinstance(model, Autoencoding):
            images = own_images(trained, model, seed=seed)
            if not model.is_exact:
                figure = reconstruction_figure(model, images, about=name, seed=seed)
                sections["Reconstructions"].append(Picture(figure, f"Images, and what {name} makes of them"))
            figure = interpolation_figure(model, images, about=name, seed=seed)
            sections["Interpolations"].append(Picture(figure, f"{name}: from one image to another"))
        if trained.run.metrics.is_file() and (table := read_table(trained.run.metrics)):
            sections["Training"].append(Picture(_course(table, about=name), f"The training of {name}"))
    return {**sections, "Quality and what it costs": cost_pictures(comparison)}


def _course(table: Mapping[int, Mapping[str, float]], *, about: str) -> Figure:
    is_gan = any(column.startswith("train/generator") for row in table.values() for column in row)
    return (players_figure if is_gan else training_curve)(table, about=about)


def neighbours_figure(model: ImageModel, train: Images, *, about: str, seed: int) -> Figure:
    """Rows of draws, each above the training image that is nearest in pixels."""
    draws = draw(model, _NUM_NEAREST, seed=seed)
    _, which = nearest(draws, train.pixels)
    grid = np.asarray(pair_grid(draws, train.pixels[which], columns=8, levels=model.spec.levels))
    figure = Figure(figsize=(5, 0.4 + 5 * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.imshow(grid, cmap="gray", interpolation="nearest")
    axes.set_title(f"{about}: draws and nearest training images", fontsize=10)
    axes.axis("off")
    return figure


def cost_pictures(comparison: Comparison) -> list[Picture]:
    """Quality against the speed of drawing and against the time of training, a point for each model."""
    quality = next((name for name in _QUALITY if name in comparison.names), None)
    if quality is None:
        return []
    title, found = card_of(quality).title, []
    for label, cost in (
        ("images drawn per second", lambda row: row.measures.get("samples_per_second", {}).get("value")),
        ("CPU seconds of training", lambda row: row.cost.get("cpu_seconds")),
    ):
        points = [(cost(row), row) for row in comparison.rows if quality in row.measures and cost(row)]
        if not points:
            continue
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        for x, row in points:
            y = row.measures[quality]["value"]
            axes.plot(x, y, "o")
            axes.annotate(row.model, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        axes.set(xscale="log", xlabel=label, ylabel=f"{title}, lower is better", yscale="log")
        found.append(Picture(figure, f"{title} against {label}"))
    return found
