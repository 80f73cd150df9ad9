"""Figures of several models: autoencoders of several latent sizes, and one recipe on several data sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, groupby
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from genera.core import ImageModel, check_seed
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import MEASURES, EvaluationProtocol, evaluate, reconstruct_images, sample_images
from genera.reporting.curves import against_epochs
from genera.reporting.figures import describe, print_to_stderr, validation_images
from genera.reporting.style import save_figure, show_picture, style
from genera.runs.readers import read_environment, read_table
from genera.vaes import VAE, Autoencoder
from genera.zoo import TrainedModel

#: Images per row, each reconstructed by every model.
_NUM_RECONSTRUCTED = 10
_NUM_PAIRS, _NUM_SAMPLES, _COLUMNS = 24, 48, 8
#: A model on disk, and the same model in memory.
LoadedModel = tuple[TrainedModel, ImageModel]


def make_multi_run_figures(
    models: Sequence[LoadedModel],
    folder: Path,
    *,
    seed: int = 0,
    allow: Sequence[str] = (),
    on_skip: Callable[[str], None] = print_to_stderr,
) -> list[Path]:
    """Write all figures that compare several of the models.

    Args:
        models: models on disk, with the same models in evaluation mode.
        folder: folder of the figures.
        seed: of samples and of the choice of images.
        allow: packages that the models' configs may name besides genera.
        on_skip: called with a message for each figure that cannot be made; by default printed on standard error.

    Returns:
        The files written.

    Raises:
        ValueError: the seed is out of range.
        OSError: the folder cannot be written.
    """
    check_seed(seed)
    paths: list[Path] = []
    with style():
        for name, make in _figures(models, seed=seed, allow=allow):
            try:
                figure = make()
            except (ValueError, FileNotFoundError) as error:
                on_skip(f"skipped {name}: {error}")
            else:
                paths += save_figure(figure, folder / name)
    return paths


def _figures(
    models: Sequence[LoadedModel], *, seed: int, allow: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Names of figures, and functions that create them. Of models of equal latent size or data the last is used."""
    autoencoders = [loaded for loaded in models if isinstance(loaded[1], Autoencoder)]
    for group in _group_by(autoencoders, lambda loaded: json.dumps(loaded[0].config["data"], sort_keys=True)):
        data = group[0][0].config["data"]["name"]
        by_size = {_latent_size(loaded): loaded for loaded in sorted(group, key=_latent_size)}
        if len(by_size) > 1:
            yield f"codes-{data}", partial(latent_size_figure, by_size, data=data, allow=allow)
            yield f"codes-{data}-reconstructions", partial(reconstructions_figure, by_size, data=data, seed=seed)
    vaes = [loaded for loaded in models if isinstance(loaded[1], VAE) and loaded[0].config.get("recipe")]
    for group in _group_by(vaes, lambda loaded: loaded[0].config["recipe"]):
        by_data = {loaded[0].config["data"]["name"]: loaded for loaded in group}
        if len(by_data) > 1:
            name = f"{group[0][0].config['recipe']}-on-{'-and-'.join(by_data)}"
            yield name, partial(datasets_figure, by_data, seed=seed)


def latent_size_figure(by_size: Mapping[int, LoadedModel], *, data: str, allow: Sequence[str] = ()) -> Figure:
    """Reconstruction error of validation images against the latent size."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    measured = []
    for trained, _ in by_size.values():
        protocol = EvaluationProtocol(trained.open_data(), split="validation", allow=allow)
        result = evaluate(trained, protocol, [MEASURES["mse"]])
        measured.append(result["measures"]["mse"])
    values = np.array([mse["value"] for mse in measured])
    ends = np.array([(mse["value"] - mse["low"], mse["high"] - mse["value"]) for mse in measured]).T
    axes.errorbar(list(by_size), values, yerr=ends, marker="o", capsize=3)
    for size, value in zip(by_size, values, strict=True):
        axes.annotate(f"{value:.4f}", (size, value), xytext=(4, 6), textcoords="offset points", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(by_size), [str(size) for size in by_size])
    axes.minorticks_off()
    axes.set(xlabel="latent size", ylabel="validation MSE on [0, 1]", ylim=(0, None))
    axes.set_title(f"autoencoders on {data}: {_steps(by_size)}", fontsize=10)
    return figure


def reconstructions_figure(by_size: Mapping[int, LoadedModel], *, data: str, seed: int) -> Figure:
    """Images, and a row of reconstructions for each latent size."""
    trained, first = next(iter(by_size.values()))
    images = validation_images(trained.open_data(), first, seed=seed)
    images = images.subset(torch.arange(min(_NUM_RECONSTRUCTED, len(images))))
    rows = {"image": images.pixels}
    rows |= {f"{size} dimensions": reconstruct_images(model, images) for size, (_, model) in by_size.items()}
    grid = np.asarray(image_grid(torch.cat(list(rows.values())), columns=len(images), levels=first.spec.levels))
    figure = Figure(figsize=(7, 0.7 + 6.2 * grid.shape[0] / grid.shape[1]))
    axes = figure.add_subplot()
    axes.imshow(grid, cmap="gray", interpolation="nearest")
    height = grid.shape[0] / len(rows)
    axes.set_yticks([(row + 0.5) * height for row in range(len(rows))], list(rows), fontsize=9)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{data}: validation images and their reconstructions\n{_steps(by_size)}", fontsize=10)
    return figure


def datasets_figure(by_data: Mapping[str, LoadedModel], *, seed: int) -> Figure:
    """One recipe on several data sets: reconstructions, samples and validation losses."""
    tables = {
        data: read_table(trained.run.metrics) for data, (trained, _) in by_data.items() if trained.run.metrics.is_file()
    }
    figure = Figure(figsize=(4.5 * len(by_data), 7.5 + 3 * bool(tables)))
    places = figure.add_gridspec(2 + bool(tables), len(by_data), height_ratios=[4, 4, 3][: 2 + bool(tables)])
    grid = np.array([[figure.add_subplot(places[row, column]) for column in range(len(by_data))] for row in range(2)])
    for axes, (trained, model) in zip(grid.T, by_data.values(), strict=True):
        levels = model.spec.levels
        images = validation_images(trained.open_data(), model, seed=seed)
        few = images.subset(torch.arange(min(_NUM_PAIRS, len(images))))
        pairs = pair_grid(few.pixels, reconstruct_images(model, few), columns=_COLUMNS, levels=levels)
        title = f"{describe(trained)}\nimages, each above its reconstruction"
        show_picture(axes[0], pairs, title, fontsize=9)
        samples = image_grid(sample_images(model, _NUM_SAMPLES, seed=seed), columns=_COLUMNS, levels=levels)
        axes[1].imshow(np.asarray(samples), cmap="gray")
        axes[1].set_title("samples", fontsize=9)
        axes[1].axis("off")
    if tables:
        curves = figure.add_subplot(places[2, :])
        for (data, table), line in zip(tables.items(), cycle(("-", "--"))):
            curves.plot(*against_epochs(table, "validation/loss"), line, label=data)
        curves.set(xlabel="epochs", ylabel="validation loss at β = 1, nats")
        curves.legend(fontsize=8)
    return figure


def _group_by(models: Sequence[LoadedModel], key: Callable[[LoadedModel], str]) -> list[list[LoadedModel]]:
    return [list(group) for _, group in groupby(sorted(models, key=key), key=key)]


def _latent_size(loaded: LoadedModel) -> int:
    model = loaded[1]
    assert isinstance(model, Autoencoder)
    return model.latent_size


def _steps(by_size: Mapping[int, LoadedModel]) -> str:
    """Number of training steps of the models; the number of models if the steps are unknown."""
    files = [trained.run.environment for trained, _ in by_size.values()]
    if not all(file.is_file() for file in files):
        return f"{len(files)} models"
    steps = sorted({read_environment(file)["steps"] for file in files})
    return f"{steps[0]:,} steps each" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,} steps"
