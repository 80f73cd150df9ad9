"""The pictures of a comparison: what every model draws and makes of images, and what quality costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import ImageDataset, ImageSplit
from genera.data.image_grid import pair_grid
from genera.evaluation import ResultWriter, cache_folder, sample_images
from genera.evaluation.memorisation import nearest_images
from genera.reporting.comparison import Comparison
from genera.reporting.curves import Table, against_cpu_time, limits
from genera.reporting.figures import (
    interpolation_figure,
    own_images,
    reconstruction_figure,
    sample_figure,
    samples_of,
    training_curve,
)
from genera.reporting.gan_figures import players_figure
from genera.reporting.measure_info import info_of
from genera.reporting.report import Picture
from genera.reporting.style import COLOURS, png_of
from genera.runs.readers import read_table
from genera.zoo import TrainedModel

#: To be raised where what the pictures of a model show, or how, becomes another: those drawn before are not used then.
_LOOK = 1
#: The last chunk of a PNG file: where it is missing, the file is damaged.
_END_OF_PNG = b"IEND\xaeB`\x82"
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


@dataclass(frozen=True)
class Compared:
    """A model of a comparison, as its pictures need it.

    Args:
        trained: as it lies on the disk.
        model: in evaluation mode.
        data: what it was trained on.
    """

    trained: TrainedModel
    model: ImageModel
    data: ImageDataset


def pictures(
    models: Sequence[Compared], comparison: Comparison, *, seed: int, writer: ResultWriter
) -> dict[str, Sequence[Picture]]:
    """Sections of pictures, by their title; within a section the same seed and the same images for every model.

    Those of a single model are kept beside what was measured of it and not drawn again.

    Args:
        models: those of the comparison, in its order.
        comparison: what was measured of them.
        seed: of draws and of the choice of images.
        writer: keeps what is drawn.

    Raises:
        ValueError: images of a model are missing.
    """
    sections: dict[str, list[Picture]] = {title: [] for title in _SECTIONS}
    tables = {}
    for one, row in zip(models, comparison.rows, strict=True):
        images = {split: one.data.split(split).digest for split in ("train", "validation")}
        for section, caption, make in _of_one(one, row.model, seed=seed):
            about = {"caption": caption, "seed": seed, "images": images}
            sections[section].append(Picture(_kept(one.trained, about, make, writer=writer), caption))
        metrics = one.trained.run.metrics
        if metrics.is_file():
            table = tables[row.model] = read_table(metrics)
            caption = f"The training of {row.model}"
            about = {"caption": caption, "metrics": hashlib.sha256(metrics.read_bytes()).hexdigest()}
            png = _kept(one.trained, about, partial(_course, table, about=row.model), writer=writer)
            sections["Training"].append(Picture(png, caption))
    sections["Training"][:0] = [Picture(png_of(figure), caption) for caption, figure in course_figures(tables)]
    return {**sections, "Quality and what it costs": cost_pictures(comparison)}


def _of_one(one: Compared, name: str, *, seed: int) -> Iterator[tuple[str, str, Callable[[], Figure]]]:
    """The section, the caption and what draws it, of every picture that a model allows."""
    model, levels = one.model, one.model.spec.levels
    if isinstance(model, Generative):

        def samples() -> Figure:
            return sample_figure(sample_images(model, _NUM_SAMPLES, seed=seed), title=name, levels=levels, columns=8)

        def classes() -> Figure:
            return sample_figure(samples_of(model, seed=seed), title=name, levels=levels, columns=10)

        yield "Samples", f"Draws of {name}", samples
        if model.class_conditional:
            yield "Class by class", f"{name}: a row of draws for each class asked for", classes
        caption = f"Draws of {name}, and below each the training image nearest to it"
        train = one.data.split("train")
        yield "Nearest training images", caption, partial(neighbours_figure, model, train, about=name, seed=seed)
    if isinstance(model, Autoencoding):
        images = own_images(one.data, model, seed=seed)
        if not model.is_exact:
            rebuilt = partial(reconstruction_figure, model, images, about=name, seed=seed)
            yield "Reconstructions", f"Images, and what {name} makes of them", rebuilt
        between = partial(interpolation_figure, model, images, about=name, seed=seed)
        yield "Interpolations", f"{name}: from one image to another", between


def _kept(
    trained: TrainedModel, about: Mapping[str, object], make: Callable[[], Figure], *, writer: ResultWriter
) -> bytes:
    """A picture from the files, or drawn and put there."""
    content = {
        "look": _LOOK,
        "model": trained.config["model"],
        "weights": trained.weights_digest,
        **about,
    }
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = cache_folder(trained) / f"{key}.png"
    if path.is_file() and (png := path.read_bytes()).endswith(_END_OF_PNG):
        return png
    png = png_of(make())
    writer.write(path, png)
    return png


def _course(table: Table, *, about: str) -> Figure:
    is_gan = any(column.startswith("train/generator") for row in table.values() for column in row)
    return (players_figure if is_gan else training_curve)(table, about=about)


def course_figures(tables: Mapping[str, Table]) -> Iterator[tuple[str, Figure]]:
    """What models came to with the time of their training, those of one kind in one figure: captions and figures.

    Args:
        tables: rows of ``metrics.csv``, by the name of their model.
    """
    for column, label in _COURSES.items():
        shown = {
            name: table
            for name, table in tables.items()
            if any(column in row for row in table.values())
            and any("cpu_seconds" in row for row in table.values())
            # A loss in nats says nothing beside bits/dim of the same model.
            and (column != "validation/loss" or not any("validation/bits_per_dim" in row for row in table.values()))
        }
        if not shown:
            continue
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        ends: list[float] = []
        for index, (name, table) in enumerate(shown.items()):
            minutes, values = against_cpu_time(table, column)
            axes.plot(minutes, values, ("-", "--")[index // len(COLOURS) % 2], linewidth=1.2, label=name)
            ends += values
        axes.set(xscale="log", xlabel="CPU minutes of training", ylabel=label)
        axes.set_ylim(*limits(ends))
        axes.legend(fontsize=8)
        yield f"{label} against the time of the processor", figure


def neighbours_figure(model: ImageModel, train: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of draws, each above the training image that is nearest in pixels."""
    draws = sample_images(model, _NUM_NEAREST, seed=seed)
    _, which = nearest_images(draws, train.pixels)
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
    title, found = info_of(quality).title, []
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
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        # Room for the names.
        axes.margins(x=0.25, y=0.1)
        found.append(
            Picture(png_of(figure), f"{title} against {label}; the dotted line joins those that none beats in both")
        )
    return found


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points no other equals or beats in both, where less is better, from the least of the first to the most."""
    found: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        if not found or points[index][1] < points[found[-1]][1]:
            found.append(index)
    return found
