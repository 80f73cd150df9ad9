"""One recipe on several data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from genera.core import Autoencoding, Generative
from genera.data.image_grid import image_grid, pair_grid
from genera.evaluation import reconstruct_images, sample_images
from genera.reporting.curves import against_epochs, columns_of
from genera.reporting.drawing import Drawing, LoadedModel, describe
from genera.reporting.style import show_picture

_NUM_PAIRS, _NUM_SAMPLES, _COLUMNS = 24, 48, 8


def datasets(models: Sequence[LoadedModel]) -> Iterator[Drawing]:
    """Models of one recipe that sample and reconstruct; of those of one data set the last is used."""
    by_recipe: dict[str, dict[str, LoadedModel]] = {}
    for loaded in models:
        model, recipe = loaded.model, loaded.trained.config.get("recipe")
        if recipe and isinstance(model, Generative) and isinstance(model, Autoencoding) and not model.is_exact:
            by_recipe.setdefault(recipe, {})[loaded.trained.config["data"]["name"]] = loaded
    for recipe, by_data in by_recipe.items():
        if len(by_data) > 1:
            name, title = f"{recipe}-on-{'-and-'.join(by_data)}", f"{recipe} on {' and '.join(by_data)}"
            yield Drawing(name, "Data sets", title, partial(datasets_figure, by_data))


def datasets_figure(by_data: Mapping[str, LoadedModel]) -> Figure:
    """Reconstructions, samples and validation losses, by name of the data set."""
    tables = {data: loaded.table for data, loaded in by_data.items() if "validation/loss" in columns_of(loaded.table)}
    heights = [3.8, 3.6, 3][: 2 + bool(tables)]
    figure = Figure(figsize=(4.5 * len(by_data), sum(heights)))
    places = figure.add_gridspec(len(heights), len(by_data), height_ratios=heights)
    grid = np.array([[figure.add_subplot(places[row, column]) for column in range(len(by_data))] for row in range(2)])
    for axes, loaded in zip(grid.T, by_data.values(), strict=True):
        levels, images = loaded.model.spec.levels, loaded.validation.first(_NUM_PAIRS)
        reconstructions = reconstruct_images(loaded.model, images)
        show_picture(axes[0], pair_grid(images.pixels, reconstructions, columns=_COLUMNS, levels=levels))
        axes[0].set_title(f"{describe(loaded.trained)}\nimages, each above its reconstruction", fontsize=9)
        samples = sample_images(loaded.model, _NUM_SAMPLES, seed=loaded.seed)
        show_picture(axes[1], image_grid(samples, columns=_COLUMNS, levels=levels))
        axes[1].set_title("samples", fontsize=9)
    if tables:
        curves = figure.add_subplot(places[2, :])
        for (data, table), line in zip(tables.items(), cycle(("-", "--"))):
            curves.plot(*against_epochs(table, "validation/loss"), line, label=data)
        curves.set(xlabel="epochs", ylabel="validation loss, nats")
        curves.legend(fontsize=8)
    return figure
