"""The pictures of a comparison: what every model draws and makes of images, and what quality costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import Images
from genera.data.pictures import pair_grid
from genera.evaluation import draw
from genera.evaluation.memorisation import nearest
from genera.reporting.cards import card_of
from genera.reporting.comparison import Comparison
from genera.reporting.curves import Table, against_time, limits
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
from genera.reporting.style import COLOURS
from genera.training.runs import read_table
from genera.zoo import TrainedModel

_NUM_SAMPLES = 64
#: Draws beside their nearest training images.
_NUM_NEAREST = 16
_SECTIONS = (
    "Samples",
    "Class by class",
    "Reconstructions",
    "Interpolations",
    "Nearest training images",
    "Training",
)
#: Columns of ``metrics.csv`` that models of one kind have in common, and what they are.
_COURSES = {
    "validation/bits_per_dim": "validation bits/dim",
    "validation/loss": "validation loss, nats",
    "samples/diversity": "diversity of samples, 1 - SSIM",
}
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
    sections: dict[str, list[Picture]] = {title: [] for title in _SECTIONS}
    tables = {}
    for (trained, model), row in zip(models, comparison.rows, strict=True):
        name, levels = row.model, model.spec.levels
        if isinstance(model, Generative):
            figure = sample_figure(draw(model, _NUM_SAMPLES, seed=seed), title=name, levels=levels, columns=8)
            sections["Samples"].append(Picture(figure, f"Draws of {name}"))
            if model.class_conditional:
                figure = sample_figure(samples_of(model, seed=seed), title=name, levels=levels, columns=10)
                sections["Class by class"].append(Picture(figure, f"{name}: a row of draws for each class asked for"))
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
            tables[name] = _in_cpu_time(table, row.cost)
            sections["Training"].append(Picture(_course(table, about=name), f"The training of {name}"))
    sections["Training"][:0] = [Picture(figure, caption) for caption, figure in course_figures(tables)]
    return {**sections, "Quality and what it costs": cost_pictures(comparison)}


def _course(table: Table, *, about: str) -> Figure:
    is_gan = any(column.startswith("train/generator") for row in table.values() for column in row)
    return (players_figure if is_gan else training_curve)(table, about=about)


def _in_cpu_time(table: Table, cost: Mapping[str, float]) -> Table:
    """The rows of ``metrics.csv`` with seconds of the processor in place of those of the clock, where they are known.

    They are spread evenly: a training takes of the processor in each minute what it takes on the whole.
    """
    if not {"cpu_seconds", "wall_seconds"} <= set(cost):
        return table
    share = cost["cpu_seconds"] / cost["wall_seconds"]
    return {
        step: {column: value * share if column == "seconds" else value for column, value in row.items()}
        for step, row in table.items()
    }


def course_figures(tables: Mapping[str, Table]) -> Iterator[tuple[str, Figure]]:
    """What models came to with the time of their training, those of one kind in one figure: captions and figures.

    Args:
        tables: rows of ``metrics.csv``, in time of the processor, by the name of their model.
    """
    for column, label in _COURSES.items():
        shown = {
            name: table
            for name, table in tables.items()
            if any(column in row for row in table.values())
            # A loss in nats says nothing beside bits/dim of the same model.
            and (column != "validation/loss" or not any("validation/bits_per_dim" in row for row in table.values()))
        }
        if not shown:
            continue
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        ends: list[float] = []
        for index, (name, table) in enumerate(shown.items()):
            minutes, values = against_time(table, column)
            axes.plot(minutes, values, ("-", "--")[index // len(COLOURS) % 2], linewidth=1.2, label=name)
            ends += values
        axes.set(xscale="log", xlabel="CPU minutes of training", ylabel=label)
        axes.set_ylim(*limits(ends))
        axes.legend(fontsize=8)
        yield f"{label} against the time of the processor", figure


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
    """Quality against the speed of drawing and against the time of training, a point for each model.

    A line joins those that nobody beats in both: the frontier, across families.
    """
    quality = next((name for name in _QUALITY if name in comparison.names), None)
    if quality is None:
        return []
    title, found = card_of(quality).title, []
    for label, sign, cost in (
        ("images drawn per second", -1, lambda row: row.measures.get("samples_per_second", {}).get("value")),
        ("CPU seconds of training", 1, lambda row: row.cost.get("cpu_seconds")),
    ):
        points = [
            (cost(row), row.measures[quality]["value"], row.model)
            for row in comparison.rows
            if quality in row.measures and cost(row)
        ]
        if not points:
            continue
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        best = frontier([(sign * x, y) for x, y, _ in points])
        axes.plot([points[index][0] for index in best], [points[index][1] for index in best], ":", color="grey")
        for x, y, model in points:
            axes.plot(x, y, "o")
            axes.annotate(model, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        axes.set(xscale="log", xlabel=label, ylabel=f"{title}, lower is better", yscale="log")
        # Room for the names.
        axes.margins(x=0.25, y=0.1)
        found.append(Picture(figure, f"{title} against {label}; the dotted line joins those that none beats in both"))
    return found


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points no other equals or beats in both, where less is better, from the least of the first to the most."""
    found: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        if not found or points[index][1] < points[found[-1]][1]:
            found.append(index)
    return found
