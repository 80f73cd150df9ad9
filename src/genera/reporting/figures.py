"""The figures a run allows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.core import Autoencoding, Generative, Trainable
from genera.data import Images
from genera.data.pictures import image_grid
from genera.evaluation import check_fits, draw, interpolate
from genera.flows import NormalizingFlow
from genera.reporting.flow_figures import flow_figures
from genera.reporting.style import save_figure, style
from genera.training.runs import read_table
from genera.zoo import TrainedModel

#: Images of the validation split that the figures choose from.
_POOL = 256
_NUM_INTERPOLATIONS = 8
_STEPS = 10
_COLUMNS = 8


def draw_figures(trained: TrainedModel, folder: Path, *, seed: int = 0, allow: Sequence[str] = ()) -> list[Path]:
    """Draw every figure a model's files allow; say on standard error which were left out for lack of images.

    Args:
        trained: the model.
        folder: where the figures go.
        seed: of all that is drawn, and of the choice of images.
        allow: packages that the model's config may name besides ours.

    Returns:
        The files written.

    Raises:
        ValueError: the model cannot be loaded.
        OSError: the folder cannot be written.
    """
    paths: list[Path] = []
    with style():
        for name, figure in _figures(trained, seed=seed, allow=allow):
            paths += save_figure(figure, folder / name)
    return paths


def _figures(trained: TrainedModel, *, seed: int, allow: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """Names and figures, each drawn when it is asked for."""
    if trained.run.metrics.is_file() and read_table(trained.run.metrics):
        yield "training", training_curve(trained)
    model, about = trained.load(allow=allow), describe(trained)
    if isinstance(model, Generative):
        # Of a conditional model, a row for each class.
        labels = torch.arange(model.spec.num_classes).repeat_interleave(_COLUMNS) if model.class_conditional else None
        images = draw(model, _COLUMNS**2 if labels is None else len(labels), labels=labels, seed=seed)
        yield "samples", sample_figure(images, title=f"{about}: samples", levels=model.spec.levels)
    figures = _figures_of_images(model)
    if not figures:
        return
    try:
        own = _own_images(trained, model, seed=seed)
    except (ValueError, OSError) as error:
        print(f"{trained.name}: left out {', '.join(figures)}, which need images: {error}", file=sys.stderr)
        return
    for name, make in figures.items():
        yield name, make(model, own, about=about, seed=seed)


def _figures_of_images(model: Trainable) -> dict[str, Callable[..., Figure]]:
    """Functions ``(model, images, *, about, seed) -> Figure`` for what a model can do with images, by name."""
    figures: dict[str, Callable[..., Figure]] = {}
    if isinstance(model, Autoencoding):
        figures["interpolations"] = interpolation_figure
    if isinstance(model, NormalizingFlow):
        figures |= flow_figures(model)
    return figures


def _own_images(trained: TrainedModel, model: Trainable, *, seed: int) -> Images:
    """Some images of the validation split of the data a model was trained on, in random order.

    Raises:
        ValueError: the data are missing, damaged, without such a split, or no longer what the model was trained on.
    """
    data = trained.open_data()
    check_fits(model.spec, data)
    images = data.split("validation")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images.subset(order[:_POOL])


def training_curve(trained: TrainedModel) -> Figure:
    """Training and validation loss against the time spent, in bits per dimension for a density and nats otherwise."""
    table = read_table(trained.run.metrics)
    name = "bits_per_dim" if any("validation/bits_per_dim" in row for row in table.values()) else "loss"
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    values: list[float] = []
    for split, marker in (("train", ""), ("validation", "o")):
        minutes, curve = against_time(table, f"{split}/{name}")
        axes.plot(minutes, curve, marker=marker, markersize=4, label=split)
        values += curve
    axes.set_ylim(*_limits(values))
    axes.set(xlabel="minutes of training", ylabel="bits per dimension" if name == "bits_per_dim" else "nats per image")
    axes.set_title(describe(trained), fontsize=10)
    axes.legend()
    return figure


def against_time(table: Mapping[int, Mapping[str, float]], column: str) -> tuple[list[float], list[float]]:
    """Minutes of training, and the values of a column of ``metrics.csv`` where it has them."""
    seconds = {0: 0.0} | {step: row["seconds"] for step, row in table.items() if "seconds" in row}
    values = {step: row[column] for step, row in table.items() if column in row}
    # A validation falls between two rows that know the time.
    minutes = np.interp(list(values), list(seconds), list(seconds.values())) / 60
    return minutes.tolist(), list(values.values())


def sample_figure(images: Tensor, *, title: str, levels: int) -> Figure:
    """A titled grid of uint8 images ``(N, C, H, W)``."""
    figure = Figure(figsize=(5, 5.3))
    axes = figure.add_subplot()
    axes.imshow(np.asarray(image_grid(images, columns=_COLUMNS, levels=levels)), cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")
    return figure


def interpolation_figure(model: Autoencoding, images: Images, *, about: str, seed: int) -> Figure:
    """Rows from one image to another, through the latents between theirs."""
    first = torch.arange(min(_NUM_INTERPOLATIONS, len(images)))
    # Every row ends where the next one starts.
    second = first.roll(-1)
    labels = None
    if images.labels is not None and model.class_conditional:
        # A conditional model's latents mean something together with one label only.
        labels = images.labels[first]
        second = torch.stack([_next_of_its_class(images.labels, index) for index in first])
    generator = torch.Generator().manual_seed(seed)
    ends = images.pixels[first], images.pixels[second]
    ways = interpolate(model, ends, count=_STEPS, labels=labels, generator=generator)
    figure = Figure(figsize=(7, 0.3 + 0.7 * len(ways)))
    axes = figure.add_subplot()
    grid = image_grid(ways.flatten(0, 1), columns=_STEPS, levels=model.spec.levels)
    axes.imshow(np.asarray(grid), cmap="gray", interpolation="nearest")
    axes.set_title(f"{about}: from one image to another", fontsize=10)
    axes.axis("off")
    return figure


def _next_of_its_class(labels: Tensor, index: Tensor) -> Tensor:
    """Index of the next image with the same label, around the end: its own where there is no other."""
    (alike,) = (labels == labels[index]).nonzero(as_tuple=True)
    return alike[(torch.searchsorted(alike, index, right=True)) % len(alike)]


def describe(trained: TrainedModel) -> str:
    """Model, data and training, in a line."""
    parts = [str(trained.config.get("recipe") or trained.name), f"on {trained.config['data']['name']}"]
    if trained.run.environment.is_file():
        environment = json.loads(trained.run.environment.read_text())
        parts.append(f"({environment['steps']:,} steps, {environment['wall_seconds'] / 60:.1f} min)")
    return " ".join(parts)


def _limits(values: list[float]) -> tuple[float, float]:
    """A range that shows where a curve ends well; the first steps of a training would flatten all that follows."""
    low, high = min(values), float(np.percentile(values, 90))
    room = max(high - low, 1e-3)
    return low - 0.05 * room, low + 1.6 * room
