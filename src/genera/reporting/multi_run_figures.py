"""Figures of several models at once: what the length of a code is worth, and one recipe on several data sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, groupby
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from genera.core import Autoencoding, Generative, ImageModel, check_seed
from genera.data import ImageSplit
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import evaluate, mse_measure, sample_images
from genera.reporting.curves import against_epochs
from genera.reporting.figures import describe, own_images, say
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_environment, read_table
from genera.vaes import VAE, Autoencoder
from genera.zoo import TrainedModel

#: Images in a row, each rebuilt from codes of every length.
_NUM_REBUILT = 10
_NUM_PAIRS, _NUM_SAMPLES, _COLUMNS = 24, 48, 8
#: A model, and where it lies.
Found = tuple[TrainedModel, ImageModel]


def make_multi_run_figures(
    models: Sequence[Found],
    folder: Path,
    *,
    seed: int = 0,
    allow: Sequence[str] = (),
    left_out: Callable[[str], None] = say,
) -> list[Path]:
    """Draw every figure that several of the models allow together.

    Args:
        models: as they lie on the disk, and in evaluation mode.
        folder: where the figures go.
        seed: of draws and of the choice of images.
        allow: packages that the models' configs may name besides ours.
        left_out: is told which figures were left out for lack of images, and why; on standard error where omitted.

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
                left_out(f"left out {name}: {error}")
            else:
                paths += save_figure(figure, folder / name)
    return paths


def _figures(models: Sequence[Found], *, seed: int, allow: Sequence[str]) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Names of figures, and what draws each. Of models that are alike in what a figure is about the last counts."""
    codes = [found for found in models if isinstance(found[1], Autoencoder)]
    for of_data in _grouped(codes, lambda found: json.dumps(found[0].config["data"], sort_keys=True)):
        data = of_data[0][0].config["data"]["name"]
        by_length = {_length(found): found for found in sorted(of_data, key=_length)}
        if len(by_length) > 1:
            yield f"codes-{data}", partial(codes_figure, by_length, data=data, allow=allow)
            yield f"codes-{data}-reconstructions", partial(rebuilt_figure, by_length, data=data, seed=seed)
    vaes = [found for found in models if isinstance(found[1], VAE) and found[0].config.get("recipe")]
    for of_recipe in _grouped(vaes, lambda found: found[0].config["recipe"]):
        by_data = {found[0].config["data"]["name"]: found for found in of_recipe}
        if len(by_data) > 1:
            name = f"{of_recipe[0][0].config['recipe']}-on-{'-and-'.join(by_data)}"
            yield name, partial(data_sets_figure, by_data, seed=seed)


def codes_figure(by_length: Mapping[int, Found], *, data: str, allow: Sequence[str] = ()) -> Figure:
    """The error of rebuilt validation images against the length of the code."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    measured = []
    for trained, _ in by_length.values():
        result = evaluate(trained, trained.open_data(), [mse_measure()], split="validation", allow=allow)
        measured.append(result["measures"]["mse"])
    values = np.array([found["value"] for found in measured])
    ends = np.array([(found["value"] - found["low"], found["high"] - found["value"]) for found in measured]).T
    axes.errorbar(list(by_length), values, yerr=ends, marker="o", capsize=3)
    for length, value in zip(by_length, values, strict=True):
        axes.annotate(f"{value:.4f}", (length, value), xytext=(4, 6), textcoords="offset points", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(by_length), [str(length) for length in by_length])
    axes.minorticks_off()
    axes.set(xlabel="length of the code", ylabel="validation MSE on [0, 1]", ylim=(0, None))
    axes.set_title(f"autoencoders on {data}: {_trainings(by_length)}", fontsize=10)
    return figure


def rebuilt_figure(by_length: Mapping[int, Found], *, data: str, seed: int) -> Figure:
    """Images, and a row below for every length of the code."""
    trained, first = next(iter(by_length.values()))
    images = own_images(trained.open_data(), first, seed=seed)
    images = images.subset(torch.arange(min(_NUM_REBUILT, len(images))))
    rows = {"image": images.pixels}
    rows |= {f"{length} numbers": _rebuilt(model, images) for length, (_, model) in by_length.items()}
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
    axes.set_title(
        f"{data}: validation images, and what autoencoders make of them\n{_trainings(by_length)}", fontsize=10
    )
    return figure


def data_sets_figure(by_data: Mapping[str, Found], *, seed: int) -> Figure:
    """One recipe on several data sets: reconstructions and samples of each, and how fast it learned."""
    tables = {
        data: read_table(trained.run.metrics) for data, (trained, _) in by_data.items() if trained.run.metrics.is_file()
    }
    figure = Figure(figsize=(4.5 * len(by_data), 7.5 + 3 * bool(tables)))
    places = figure.add_gridspec(2 + bool(tables), len(by_data), height_ratios=[4, 4, 3][: 2 + bool(tables)])
    grid = np.array([[figure.add_subplot(places[row, column]) for column in range(len(by_data))] for row in range(2)])
    for column, (trained, model) in zip(grid.T, by_data.values(), strict=True):
        levels = model.spec.levels
        images = own_images(trained.open_data(), model, seed=seed)
        few = images.subset(torch.arange(min(_NUM_PAIRS, len(images))))
        pairs = pair_grid(few.pixels, _rebuilt(model, few), columns=_COLUMNS, levels=levels)
        column[0].imshow(np.asarray(pairs), cmap="gray", interpolation="nearest")
        column[0].set_title(f"{describe(trained)}\nimages, and below each its reconstruction", fontsize=9)
        assert isinstance(model, Generative)
        samples = sample_images(model, _NUM_SAMPLES, seed=seed)
        column[1].imshow(np.asarray(image_grid(samples, columns=_COLUMNS, levels=levels)), cmap="gray")
        column[1].set_title("samples", fontsize=9)
    for axes in grid.flat:
        axes.axis("off")
    if tables:
        course = figure.add_subplot(places[2, :])
        for (data, table), look in zip(tables.items(), cycle(("-", "--"))):
            course.plot(*against_epochs(table, "validation/loss"), look, label=data)
        course.set(xlabel="epochs", ylabel="validation loss at β = 1, nats")
        course.legend(fontsize=8)
    return figure


def _rebuilt(model: ImageModel, images: ImageSplit) -> torch.Tensor:
    assert isinstance(model, Autoencoding)
    with torch.inference_mode():
        return model.reconstruct(images.pixels, images.labels)


def _grouped(models: Sequence[Found], key: Callable[[Found], str]) -> list[list[Found]]:
    return [list(found) for _, found in groupby(sorted(models, key=key), key=key)]


def _length(found: Found) -> int:
    """D of the code."""
    model = found[1]
    assert isinstance(model, Autoencoder)
    return model.latent_size


def _trainings(by_length: Mapping[int, Found]) -> str:
    """How long the models were trained, in a few words; how many they are, where that is not known."""
    files = [trained.run.environment for trained, _ in by_length.values()]
    if not all(file.is_file() for file in files):
        return f"{len(files)} trainings"
    steps = sorted({read_environment(file)["steps"] for file in files})
    return f"{steps[0]:,} steps each" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,} steps"
