"""The pictures of a comparison: samples, reconstructions and training of each model, and quality against cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from genera.core import Autoencoding, Generative, ImageModel
from genera.data import ImageDataset, ImageSplit
from genera.data.image_grid import pair_grid
from genera.evaluation import ResultWriter, cache_folder, info_of, nearest_images, sample_images
from genera.reporting.comparison import Comparison
from genera.reporting.curves import Table, against_time, axis_limits, columns_of
from genera.reporting.figures import (
    interpolation_figure,
    reconstruction_figure,
    sample_figure,
    sample_for_grid,
    training_curve,
    validation_images,
)
from genera.reporting.gan_figures import players_figure
from genera.reporting.html_report import Picture
from genera.reporting.style import COLOURS, picture_figure, to_png
from genera.runs.readers import read_table
from genera.zoo import TrainedModel

#: Version of the pictures in the cache. Increase it when their content or style changes.
_VERSION = 2
#: The last chunk of a PNG file; a file without it is damaged.
_END_OF_PNG = b"IEND\xaeB`\x82"
_NUM_SAMPLES = 64
#: Samples in the figure of nearest training images.
_NUM_NEAREST = 16
_SECTIONS = ("Samples", "Samples by class", "Reconstructions", "Interpolations", "Nearest training images", "Training")
#: Columns of ``metrics.csv`` that are plotted for several models, with their labels.
_CURVES = {
    "validation/bits_per_dim": "validation bits/dim",
    "validation/loss": "validation loss, nats",
    "samples/diversity": "diversity of samples, 1 - SSIM",
}
#: Measures of quality; the first one available is plotted against cost.
_QUALITY = ("fd[lenet]", "fd[random]", "bits_per_dim@8", "bits_per_dim@1")


@dataclass(frozen=True)
class ComparedModel:
    """A model of a comparison.

    Args:
        trained: the model on disk.
        model: the model in evaluation mode.
        data: the data set it was trained on.
    """

    trained: TrainedModel
    model: ImageModel
    data: ImageDataset


def comparison_pictures(
    models: Sequence[ComparedModel], comparison: Comparison, *, seed: int, writer: ResultWriter
) -> dict[str, Sequence[Picture]]:
    """Sections of pictures by title; all models have the same seed and the same images within a section.

    Pictures of a single model are cached with its measurements.

    Args:
        models: the models, in the order of ``comparison``.
        comparison: the measures of the models.
        seed: of samples and of the choice of images.
        writer: writes the cached pictures.

    Raises:
        ValueError: the data set of a model is missing.
    """
    sections: dict[str, list[Picture]] = {title: [] for title in _SECTIONS}
    tables = {}
    for compared, row in zip(models, comparison.rows, strict=True):
        images = {split: compared.data.split(split).digest for split in ("train", "validation")}
        for section, caption, make in _pictures(compared, row.model, seed=seed):
            about = {"caption": caption, "seed": seed, "images": images}
            sections[section].append(Picture(_cached_png(compared.trained, about, make, writer=writer), caption))
        metrics = compared.trained.run.metrics
        if metrics.is_file():
            table = tables[row.model] = read_table(metrics)
            caption = f"Training of {row.model}"
            about = {"caption": caption, "metrics": hashlib.sha256(metrics.read_bytes()).hexdigest()}
            png = _cached_png(compared.trained, about, partial(_training_figure, table, about=row.model), writer=writer)
            sections["Training"].append(Picture(png, caption))
    sections["Training"][:0] = [Picture(to_png(figure), caption) for caption, figure in learning_curve_figures(tables)]
    return {**sections, "Quality and cost": cost_pictures(comparison)}


def _pictures(compared: ComparedModel, name: str, *, seed: int) -> Iterator[tuple[str, str, Callable[[], Figure]]]:
    """Section, caption and a function that creates the figure, for each picture of a model."""
    model, levels = compared.model, compared.model.spec.levels
    if isinstance(model, Generative):

        def samples() -> Figure:
            return sample_figure(sample_images(model, _NUM_SAMPLES, seed=seed), title=name, levels=levels, columns=8)

        def samples_by_class() -> Figure:
            return sample_figure(sample_for_grid(model, seed=seed), title=name, levels=levels, columns=10)

        yield "Samples", f"Samples of {name}", samples
        if model.class_conditional:
            yield "Samples by class", f"Samples of {name}, a row per class", samples_by_class
        caption = f"Samples of {name}, each above the nearest training image"
        train = compared.data.split("train")
        yield "Nearest training images", caption, partial(nearest_images_figure, model, train, about=name, seed=seed)
    if isinstance(model, Autoencoding):
        images = validation_images(compared.data, model, seed=seed)
        if not model.is_exact:
            reconstructions = partial(reconstruction_figure, model, images, about=name, seed=seed)
            yield "Reconstructions", f"Images, each above its reconstruction by {name}", reconstructions
        interpolations = partial(interpolation_figure, model, images, about=name, seed=seed)
        yield "Interpolations", f"{name}: interpolations between images", interpolations


def _cached_png(
    trained: TrainedModel, about: Mapping[str, object], make: Callable[[], Figure], *, writer: ResultWriter
) -> bytes:
    """Return a picture from the cache, or create and cache it."""
    content = {"version": _VERSION, "model": trained.config["model"], "weights": trained.weights_digest, **about}
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path = cache_folder(trained) / f"{key}.png"
    if path.is_file() and (png := path.read_bytes()).endswith(_END_OF_PNG):
        return png
    png = to_png(make())
    writer.write(path, png)
    return png


def _training_figure(table: Table, *, about: str) -> Figure:
    is_gan = any(column.startswith("train/generator") for column in columns_of(table))
    return (players_figure if is_gan else training_curve)(table, about=about)


def learning_curve_figures(tables: Mapping[str, Table]) -> Iterator[tuple[str, Figure]]:
    """Captions and figures of metrics of several models against CPU time of training, one figure per metric.

    Args:
        tables: rows of ``metrics.csv``, by name of the model.
    """
    for column, label in _CURVES.items():
        selected = {
            name: table
            for name, table in tables.items()
            if {column, "cpu_seconds"} <= columns_of(table)
            # Models with bits/dim are in the figure of bits/dim only.
            and (column != "validation/loss" or "validation/bits_per_dim" not in columns_of(table))
        }
        if not selected:
            continue
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot()
        all_values: list[float] = []
        for index, (name, table) in enumerate(selected.items()):
            minutes, values = against_time(table, column, clock="cpu_seconds")
            axes.plot(minutes, values, ("-", "--")[index // len(COLOURS) % 2], linewidth=1.2, label=name)
            all_values += values
        axes.set(xscale="log", xlabel="CPU minutes of training", ylabel=label)
        axes.set_ylim(*axis_limits(all_values))
        axes.legend(fontsize=8)
        yield f"{label} against CPU time", figure


def nearest_images_figure(model: ImageModel, train: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of samples, each above the nearest training image by pixel distance."""
    samples = sample_images(model, _NUM_NEAREST, seed=seed)
    _, indices = nearest_images(samples, train.pixels)
    grid = pair_grid(samples, train.pixels[indices], columns=8, levels=model.spec.levels)
    return picture_figure(grid, f"{about}: samples and nearest training images")


def cost_pictures(comparison: Comparison) -> list[Picture]:
    """Quality against sampling speed and against training time, one point per model.

    A line connects the models on the Pareto frontier.
    """
    quality = next((name for name in _QUALITY if name in comparison.names), None)
    if quality is None:
        return []
    title, pictures = info_of(quality).title, []
    for label, sign, cost in (
        ("samples per second", -1, lambda row: row.measures.get("samples_per_second", {}).get("value")),
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
        best = pareto_frontier([(sign * x, y) for x, y, _ in points])
        axes.plot([points[index][0] for index in best], [points[index][1] for index in best], ":", color="grey")
        for x, y, model in points:
            axes.plot(x, y, "o")
            axes.annotate(model, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        axes.set(xscale="log", xlabel=label, ylabel=f"{title}, lower is better", yscale="log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        # Space for the names.
        axes.margins(x=0.25, y=0.1)
        pictures.append(Picture(to_png(figure), f"{title} against {label}; the dotted line is the Pareto frontier"))
    return pictures


def pareto_frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of Pareto-optimal points, lower being better, sorted by the first coordinate."""
    frontier: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        if not frontier or points[index][1] < points[frontier[-1]][1]:
            frontier.append(index)
    return frontier
