"""The figures a run allows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.core import Autoencoding, Generative, ImageModel, check_seed
from genera.data import ImageDataset, ImageSplit
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import check_fits, interpolate, sample_images
from genera.flows import NormalizingFlow
from genera.gans import GAN
from genera.reporting.curves import against_time, limits
from genera.reporting.flow_figures import flow_figures
from genera.reporting.gan_figures import diversity_figure, players_figure
from genera.reporting.style import save_figure, style
from genera.reporting.vae_figures import course_figure, vae_figures
from genera.runs.readers import read_environment, read_table
from genera.vaes import VAE
from genera.zoo import TrainedModel

#: Images of the validation split that the figures choose from.
_POOL = 256
_NUM_INTERPOLATIONS = 8
_STEPS = 10
_NUM_RECONSTRUCTIONS = 32
_COLUMNS = 8
_PER_CLASS = 10


def say(line: str) -> None:
    """Print on standard error."""
    print(line, file=sys.stderr)


def make_figures(
    trained: TrainedModel,
    folder: Path,
    *,
    seed: int = 0,
    allow: Sequence[str] = (),
    left_out: Callable[[str], None] = say,
) -> list[Path]:
    """Draw every figure a model's files allow.

    Args:
        trained: the model.
        folder: where the figures go.
        seed: of all that is drawn, and of the choice of images.
        allow: packages that the model's config may name besides ours.
        left_out: is told which figures were left out for lack of images, and why; on standard error where omitted.

    Returns:
        The files written.

    Raises:
        ValueError: the model cannot be loaded, or the seed is out of range.
        OSError: the folder cannot be written.
    """
    check_seed(seed)
    paths: list[Path] = []
    with style():
        for name, figure in _figures(trained, seed=seed, allow=allow, left_out=left_out):
            paths += save_figure(figure, folder / name)
    return paths


def _figures(
    trained: TrainedModel, *, seed: int, allow: Sequence[str], left_out: Callable[[str], None]
) -> Iterator[tuple[str, Figure]]:
    """Names and figures, each drawn when it is asked for."""
    model, about = trained.load(allow=allow), describe(trained)
    if not trained.run.metrics.is_file():
        left_out(f"{trained.name}: left out the curves of its training: there is no {trained.run.metrics.name}")
    else:
        table = read_table(trained.run.metrics)
        if isinstance(model, GAN):
            yield "players", players_figure(table, about=about)
            if (figure := diversity_figure(table, about=about)) is not None:
                yield "diversity", figure
        else:
            yield "training", training_curve(table, about=about)
        if isinstance(model, VAE):
            yield "course", course_figure(table, about=about)
    if isinstance(model, Generative):
        try:
            images = samples_of(model, seed=seed)
        except ValueError as error:
            left_out(f"{trained.name}: left out samples: {error}")
        else:
            columns = _PER_CLASS if model.class_conditional else _COLUMNS
            yield "samples", sample_figure(images, title=f"{about}: samples", levels=model.spec.levels, columns=columns)
    figures = _figures_of_images(model)
    if not figures:
        return
    try:
        own = own_images(trained.open_data(), model, seed=seed)
    except (ValueError, OSError) as error:
        left_out(f"{trained.name}: left out {', '.join(figures)}, which need images: {error}")
        return
    for name, make in figures.items():
        yield name, make(model, own, about=about, seed=seed)


def samples_of(model: ImageModel, *, seed: int) -> Tensor:
    """Images for a grid; of a conditional model, a row for each class.

    Raises:
        ValueError: the model cannot draw yet.
    """
    if not model.class_conditional:
        return sample_images(model, _COLUMNS**2, seed=seed)
    labels = torch.arange(model.spec.num_classes).repeat_interleave(_PER_CLASS)
    return sample_images(model, len(labels), labels=labels, seed=seed)


def _figures_of_images(model: ImageModel) -> dict[str, Callable[..., Figure]]:
    """Functions ``(model, images, *, about, seed) -> Figure`` for what a model can do with images, by name."""
    figures: dict[str, Callable[..., Figure]] = {}
    if isinstance(model, Autoencoding):
        figures["interpolations"] = interpolation_figure
        if not model.is_exact:
            figures["reconstructions"] = reconstruction_figure
    if isinstance(model, VAE):
        figures |= vae_figures(model)
    if isinstance(model, NormalizingFlow):
        figures |= flow_figures(model)
    return figures


def own_images(data: ImageDataset, model: ImageModel, *, seed: int) -> ImageSplit:
    """Some images of the validation split of the data a model was trained on, in random order.

    Raises:
        ValueError: the data are without such a split, or no longer what the model was trained on.
    """
    check_fits(model.spec, data)
    images = data.split("validation")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images.subset(order[:_POOL])


def training_curve(table: Mapping[int, Mapping[str, float]], *, about: str) -> Figure:
    """Training and validation loss against the time spent, in bits per dimension for a density and nats otherwise."""
    present = {column for row in table.values() for column in row}
    name = "bits_per_dim" if "validation/bits_per_dim" in present else "loss"
    # Of an objective with weights, what is comparable with the validation loss.
    train = "train/bound" if name == "loss" and "train/bound" in present else f"train/{name}"
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    values: list[float] = []
    for column, marker in ((train, ""), (f"validation/{name}", "o")):
        minutes, curve = against_time(table, column)
        axes.plot(minutes, curve, marker=marker, markersize=4, label=column.partition("/")[0])
        values += curve
    axes.set_ylim(*limits(values))
    axes.set(xlabel="minutes of training", ylabel="bits per dimension" if name == "bits_per_dim" else "nats per image")
    axes.set_title(about, fontsize=10)
    axes.legend()
    return figure


def sample_figure(images: Tensor, *, title: str, levels: int, columns: int) -> Figure:
    """A titled grid of uint8 images ``(N, C, H, W)``."""
    figure = Figure(figsize=(5, 5.3))
    axes = figure.add_subplot()
    axes.imshow(np.asarray(image_grid(images, columns=columns, levels=levels)), cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")
    return figure


def interpolation_figure(model: Autoencoding, images: ImageSplit, *, about: str, seed: int) -> Figure:
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


def reconstruction_figure(model: Autoencoding, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of images, each above what the model makes of it."""
    few = images.subset(torch.arange(min(_NUM_RECONSTRUCTIONS, len(images))))
    with torch.inference_mode():
        back = model.reconstruct(few.pixels, few.labels)
    grid = np.asarray(pair_grid(few.pixels, back, columns=_COLUMNS, levels=model.spec.levels))
    figure = Figure(figsize=(5, 0.4 + 5 * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.imshow(grid, cmap="gray", interpolation="nearest")
    axes.set_title(f"{about}\nimages, and below each its reconstruction", fontsize=10)
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
        environment = read_environment(trained.run.environment)
        parts.append(f"({environment['steps']:,} steps, {environment['wall_seconds'] / 60:.1f} min)")
    return " ".join(parts)
