"""Figures of one model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from genera.core import Autoencoding, Generative, ImageModel, check_seed
from genera.data import ImageDataset, ImageSplit
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import check_fits, interpolate, reconstruct_images, sample_images
from genera.flows import NormalizingFlow
from genera.gans import GAN
from genera.reporting.curves import Table, against_time, axis_limits, columns_of
from genera.reporting.flow_figures import flow_figures
from genera.reporting.gan_figures import diversity_figure, players_figure
from genera.reporting.style import picture_figure, save_figure, style
from genera.reporting.vae_figures import loss_terms_figure, vae_figures
from genera.runs.readers import read_environment, read_table
from genera.vaes import VAE
from genera.zoo import TrainedModel

#: Number of random validation images for the figures.
_NUM_VALIDATION = 256
_NUM_INTERPOLATIONS = 8
_STEPS = 10
_NUM_RECONSTRUCTIONS = 32
_COLUMNS = 8
_PER_CLASS = 10


def print_to_stderr(message: str) -> None:
    """Print a message on standard error."""
    print(message, file=sys.stderr)


def make_figures(
    trained: TrainedModel,
    folder: Path,
    *,
    seed: int = 0,
    allow: Sequence[str] = (),
    on_skip: Callable[[str], None] = print_to_stderr,
) -> list[Path]:
    """Write all figures that apply to a model and its files.

    Args:
        trained: the model.
        folder: folder of the figures.
        seed: of samples and of the choice of images.
        allow: packages that the model's config may name besides genera.
        on_skip: called with a message for each figure that cannot be made; by default printed on standard error.

    Returns:
        The files written.

    Raises:
        ValueError: the model cannot be loaded, or the seed is out of range.
        OSError: the folder cannot be written.
    """
    check_seed(seed)
    paths: list[Path] = []
    with style():
        for name, figure in _figures(trained, seed=seed, allow=allow, on_skip=on_skip):
            paths += save_figure(figure, folder / name)
    return paths


def _figures(
    trained: TrainedModel, *, seed: int, allow: Sequence[str], on_skip: Callable[[str], None]
) -> Iterator[tuple[str, Figure]]:
    """Names and figures, created one by one."""
    model, about = trained.load(allow=allow), describe(trained)
    if not trained.run.metrics.is_file():
        on_skip(f"{trained.name}: skipped training curves: there is no {trained.run.metrics.name}")
    else:
        table = read_table(trained.run.metrics)
        if isinstance(model, GAN):
            yield "players", players_figure(table, about=about)
            if (figure := diversity_figure(table, about=about)) is not None:
                yield "diversity", figure
        else:
            yield "training", training_curve(table, about=about)
        if isinstance(model, VAE):
            yield "loss_terms", loss_terms_figure(table, about=about)
    if isinstance(model, Generative):
        try:
            samples = sample_for_grid(model, seed=seed)
        except ValueError as error:
            on_skip(f"{trained.name}: skipped samples: {error}")
        else:
            columns, title = _PER_CLASS if model.class_conditional else _COLUMNS, f"{about}: samples"
            yield "samples", sample_figure(samples, title=title, levels=model.spec.levels, columns=columns)
    figures = _image_figures(model)
    if not figures:
        return
    try:
        images = validation_images(trained.open_data(), model, seed=seed)
    except (ValueError, OSError) as error:
        on_skip(f"{trained.name}: skipped {', '.join(figures)}, which need images: {error}")
        return
    for name, make in figures.items():
        yield name, make(model, images, about=about, seed=seed)


def sample_for_grid(model: ImageModel, *, seed: int) -> Tensor:
    """Sample images for a grid; for a conditional model, a row per class.

    Raises:
        ValueError: the model cannot generate images yet.
    """
    if not model.class_conditional:
        return sample_images(model, _COLUMNS**2, seed=seed)
    labels = torch.arange(model.spec.num_classes).repeat_interleave(_PER_CLASS)
    return sample_images(model, len(labels), labels=labels, seed=seed)


def _image_figures(model: ImageModel) -> dict[str, Callable[..., Figure]]:
    """Functions ``(model, images, *, about, seed) -> Figure`` that apply to a model, by name of the figure."""
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


def validation_images(data: ImageDataset, model: ImageModel, *, seed: int) -> ImageSplit:
    """Random validation images of the data set that a model was trained on.

    Raises:
        ValueError: the data set has no validation split, or no longer fits the model.
    """
    check_fits(model.spec, data)
    images = data.split("validation")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images.subset(order[:_NUM_VALIDATION])


def training_curve(table: Table, *, about: str) -> Figure:
    """Training and validation loss against training time, in bits per dimension for a density, otherwise in nats."""
    present = columns_of(table)
    name = "bits_per_dim" if "validation/bits_per_dim" in present else "loss"
    # For a weighted objective, the unweighted bound is comparable with the validation loss.
    train = "train/bound" if name == "loss" and "train/bound" in present else f"train/{name}"
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    values: list[float] = []
    for column, marker in ((train, ""), (f"validation/{name}", "o")):
        minutes, curve = against_time(table, column)
        axes.plot(minutes, curve, marker=marker, markersize=4, label=column.partition("/")[0])
        values += curve
    axes.set_ylim(*axis_limits(values))
    axes.set(xlabel="minutes of training", ylabel="bits per dimension" if name == "bits_per_dim" else "nats per image")
    axes.set_title(about, fontsize=10)
    axes.legend()
    return figure


def sample_figure(images: Tensor, *, title: str, levels: int, columns: int) -> Figure:
    """A titled grid of uint8 images ``(N, C, H, W)``."""
    return picture_figure(image_grid(images, columns=columns, levels=levels), title, size=(5, 5.3))


def interpolation_figure(model: Autoencoding, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of interpolations between pairs of images."""
    first = torch.arange(min(_NUM_INTERPOLATIONS, len(images)))
    # Each row ends at the image where the next one starts.
    second = first.roll(-1)
    labels = None
    if images.labels is not None and model.class_conditional:
        # Both ends need the same label, as the latents of a conditional model depend on it.
        labels = images.labels[first]
        second = torch.stack([_next_of_same_class(images.labels, index) for index in first])
    generator = torch.Generator().manual_seed(seed)
    ends = images.pixels[first], images.pixels[second]
    paths = interpolate(model, ends, count=_STEPS, labels=labels, generator=generator)
    grid = image_grid(paths.flatten(0, 1), columns=_STEPS, levels=model.spec.levels)
    return picture_figure(grid, f"{about}: interpolations", size=(7, 0.3 + 0.7 * len(paths)))


def reconstruction_figure(model: ImageModel, images: ImageSplit, *, about: str, seed: int) -> Figure:
    """Rows of images, each above its reconstruction."""
    few = images.subset(torch.arange(min(_NUM_RECONSTRUCTIONS, len(images))))
    grid = pair_grid(few.pixels, reconstruct_images(model, few), columns=_COLUMNS, levels=model.spec.levels)
    return picture_figure(grid, f"{about}\nimages, each above its reconstruction")


def _next_of_same_class(labels: Tensor, index: Tensor) -> Tensor:
    """Index of the next image with the same label, cyclically; its own if there is no other."""
    (same,) = (labels == labels[index]).nonzero(as_tuple=True)
    return same[torch.searchsorted(same, index, right=True) % len(same)]


def describe(trained: TrainedModel) -> str:
    """Recipe, data set and training of a model in one line."""
    parts = [str(trained.config.get("recipe") or trained.name), f"on {trained.config['data']['name']}"]
    if trained.run.environment.is_file():
        environment = read_environment(trained.run.environment)
        parts.append(f"({environment['steps']:,} steps, {environment['wall_seconds'] / 60:.1f} min)")
    return " ".join(parts)
