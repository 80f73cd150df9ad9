"""Metrics of a training over its course: losses, their terms, and the diversity of samples."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from genera.reporting.curves import Table, against_epochs, against_time, axis_limits, columns_of
from genera.reporting.drawing import LoadedModel, model_figure
from genera.reporting.style import legend_above

#: Columns of ``metrics.csv`` with the loss of a model that has one loss.
_LOSSES = {"train/loss", "train/bits_per_dim", "validation/loss", "validation/bits_per_dim"}
#: Columns that fall steeply at first and stay far from zero.
_STEEP = {"validation/loss", "validation/reconstruction"}
#: For each label of a panel the columns in it, with their labels.
Panels = Mapping[str, Mapping[str, str]]
LOSS_TERMS: Panels = {
    "loss at β = 1, nats": {"validation/loss": ""},
    "reconstruction, nats": {"validation/reconstruction": ""},
    "KL, nats": {"validation/kl": ""},
    "β": {"train/beta": ""},
    "active units": {"validation/active_units": ""},
}
PLAYERS: Panels = {
    "loss of the discriminator": {
        "train/discriminator/adversarial": "adversarial",
        "train/discriminator/penalty": "penalty",
    },
    "loss of the generator": {"train/generator/adversarial": "adversarial"},
    # A panel of its own, as it is many times larger than the adversarial loss.
    "feature matching": {"train/generator/feature_matching": "weighted term of the generator's loss"},
    "D(x)": {"train/discriminator/real": "images", "train/discriminator/fake": "fakes"},
}
DIVERSITY: Panels = {
    "diversity, 1 - SSIM": {"samples/diversity": "samples", "images/diversity": "images"},
    "classes in samples": {"samples/modes": "samples", "images/modes": "images"},
}


@model_figure("Training", needs=lambda loaded: bool(_LOSSES & columns_of(loaded.table)))
def training(loaded: LoadedModel) -> Figure:
    """Training and validation loss."""
    present = columns_of(loaded.table)
    name = "bits_per_dim" if "validation/bits_per_dim" in present else "loss"
    # For a weighted objective, the unweighted bound is comparable with the validation loss.
    train = "train/bound" if name == "loss" and "train/bound" in present else f"train/{name}"
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    values: list[float] = []
    for column, marker in ((train, ""), (f"validation/{name}", "o")):
        minutes, curve = against_time(loaded.table, column)
        axes.plot(minutes, curve, marker=marker, markersize=4, label=column.partition("/")[0])
        values += curve
    axes.set_ylim(*axis_limits(values))
    axes.set(xlabel="minutes of training", ylabel="bits per dimension" if name == "bits_per_dim" else "nats per image")
    axes.legend()
    return figure


@model_figure("Training", needs=lambda loaded: "validation/kl" in columns_of(loaded.table))
def loss_terms(loaded: LoadedModel) -> Figure:
    """Terms of the bound, β and the number of active units over training."""
    return panels_figure(loaded.table, LOSS_TERMS)


@model_figure("Training", needs=lambda loaded: "train/discriminator/adversarial" in columns_of(loaded.table))
def players(loaded: LoadedModel) -> Figure:
    """Losses of both players and outputs of the discriminator over training."""
    return panels_figure(loaded.table, PLAYERS)


@model_figure("Training", needs=lambda loaded: bool({"samples/diversity", "samples/modes"} & columns_of(loaded.table)))
def diversity(loaded: LoadedModel) -> Figure:
    """Diversity of samples over training, which falls in a mode collapse."""
    figure = panels_figure(loaded.table, DIVERSITY)
    if "images/diversity" in columns_of(loaded.table):
        epochs, values = against_epochs(loaded.table, "images/diversity")
        third = [value / 3 for value in values]
        figure.axes[0].plot(epochs, third, ":", label="a third of images: collapse", linewidth=1.2)
        legend_above(figure.axes[0])
    return figure


def panels_figure(table: Table, panels: Panels) -> Figure:
    """Columns of ``metrics.csv`` against epochs, in panels below each other; panels without columns are omitted."""
    present, table = columns_of(table), _without_partial_rows(table)
    used = {label: columns for label, columns in panels.items() if present & columns.keys()}
    figure = Figure(figsize=(6, 0.8 + 1.6 * len(used)))
    grid = figure.subplots(len(used), 1, sharex=True, squeeze=False)
    for axes, (label, columns) in zip(grid.flat, used.items(), strict=True):
        all_values: list[float] = []
        for column in (column for column in columns if column in present):
            epochs, values = against_epochs(table, column)
            line = "--" if column.startswith("images/") else "-"
            axes.plot(epochs, values, line, label=columns[column], linewidth=1.2)
            all_values += values
        axes.set_ylabel(label, fontsize=8)
        axes.set_xlim(left=0)
        if _STEEP & columns.keys():
            axes.set_ylim(*axis_limits(all_values))
        elif min(all_values) >= 0:
            axes.set_ylim(bottom=0)
        if any(columns.values()):
            legend_above(axes)
    grid[-1, 0].set_xlabel("epochs")
    return figure


def _without_partial_rows(table: Table) -> Table:
    """The table without training columns that are means over fewer steps than others, as in the last row."""
    logged = (step for step, row in table.items() if any(column.startswith("train/") for column in row))
    every = next(logged, 1)
    return {
        step: {column: value for column, value in row.items() if not column.startswith("train/") or step % every == 0}
        for step, row in table.items()
    }
