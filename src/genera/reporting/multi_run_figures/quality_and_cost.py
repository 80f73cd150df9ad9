"""Quality of several models against the cost of their samples and of their trainings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from genera.evaluation import info_of
from genera.reporting.comparison import Comparison
from genera.reporting.drawing import Drawing

#: Measures of quality; the first one available is plotted against cost.
_QUALITY = ("fd[lenet]", "fd[random]", "bits_per_dim@8", "bits_per_dim@1")


def quality_and_cost(comparison: Comparison) -> Iterator[Drawing]:
    """Quality against sampling speed and against training time, one point per model."""
    quality = next((name for name in _QUALITY if name in comparison.names), None)
    if quality is None:
        return
    for label, sign, cost in (
        ("samples per second", -1, lambda row: row.measures.get("samples_per_second", {}).get("value")),
        ("CPU seconds of training", 1, lambda row: row.cost.get("cpu_seconds")),
    ):
        points = [
            (cost(row), row.measures[quality]["value"], row.model)
            for row in comparison.rows
            if quality in row.measures and cost(row)
        ]
        if points:
            title = f"{info_of(quality).title} against {label}; the dotted line is the Pareto frontier"
            draw = partial(_points_figure, points, sign=sign, xlabel=label, ylabel=info_of(quality).title)
            yield Drawing(f"quality_and_{label.replace(' ', '_')}", "Quality and cost", title, draw)


def _points_figure(points: Sequence[tuple[float, float, str]], *, sign: int, xlabel: str, ylabel: str) -> Figure:
    """Models as points (x, quality, name), and a line on the Pareto frontier; cost is ``sign`` times x."""
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    best = pareto_frontier([(sign * x, y) for x, y, _ in points])
    axes.plot([points[index][0] for index in best], [points[index][1] for index in best], ":", color="grey")
    for x, y, model in points:
        axes.plot(x, y, "o")
        axes.annotate(model, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlabel=xlabel, ylabel=f"{ylabel}, lower is better", yscale="log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    # Space for the names.
    axes.margins(x=0.25, y=0.1)
    return figure


def pareto_frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of Pareto-optimal points, lower being better, sorted by the first coordinate."""
    frontier: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: points[index]):
        if not frontier or points[index][1] < points[frontier[-1]][1]:
            frontier.append(index)
    return frontier
