"""Metrics of several models against the CPU time of their trainings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from matplotlib.figure import Figure

from genera.reporting.curves import Table, against_time, axis_limits, columns_of
from genera.reporting.drawing import Drawing
from genera.reporting.style import COLOURS

#: Columns of ``metrics.csv``, with their labels.
_CURVES = {
    "validation/bits_per_dim": "validation bits/dim",
    "validation/loss": "validation loss, nats",
    "samples/diversity": "diversity of samples, 1 - SSIM",
}


def learning_curves(tables: Mapping[str, Table]) -> Iterator[Drawing]:
    """A figure for each metric that some model has.

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
        if selected:
            draw = partial(_curves_figure, selected, column, label=label)
            yield Drawing(column.replace("/", "_"), "Learning curves", f"{label} against CPU time", draw)


def _curves_figure(tables: Mapping[str, Table], column: str, *, label: str) -> Figure:
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    all_values: list[float] = []
    for index, (name, table) in enumerate(tables.items()):
        minutes, values = against_time(table, column, clock="cpu_seconds")
        axes.plot(minutes, values, ("-", "--")[index // len(COLOURS) % 2], linewidth=1.2, label=name)
        all_values += values
    axes.set(xscale="log", xlabel="CPU minutes of training", ylabel=label)
    axes.set_ylim(*axis_limits(all_values))
    # Beside the axes, as many curves leave no space.
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
