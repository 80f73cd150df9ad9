"""Figures that only two players allow: how each of them fared, and how different samples stayed."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from genera.reporting.curves import against_epochs

#: What a row of ``metrics.csv`` holds of each panel, by the panel's label: columns, and what to call them.
_PANELS = {
    "loss of the discriminator": {
        "train/discriminator/adversarial": "adversarial",
        "train/discriminator/penalty": "penalty",
    },
    "loss of the generator": {"train/generator/adversarial": "adversarial"},
    # Many times the other part.
    "feature matching": {"train/generator/feature_matching": "of the generator's loss, weighted"},
    "D(x)": {"train/discriminator/real": "images", "train/discriminator/fake": "fakes"},
    "diversity, 1 - SSIM": {"samples/diversity": "samples", "images/diversity": "images"},
    "classes drawn": {"samples/modes": "samples", "images/modes": "images"},
}


def players_figure(table: Mapping[int, Mapping[str, float]], *, about: str) -> Figure:
    """What both players' losses, the discriminator's opinion and the diversity of samples did over training."""
    table = _without_rest(table)
    present = {column for row in table.values() for column in row}
    panels = {
        label: {column: name for column, name in columns.items() if column in present}
        for label, columns in _PANELS.items()
    }
    panels = {label: columns for label, columns in panels.items() if columns}
    figure = Figure(figsize=(6, 0.6 + 1.7 * len(panels)))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)
    for axes, (label, columns) in zip(grid.flat, panels.items(), strict=True):
        for column, name in columns.items():
            epochs, values = against_epochs(table, column)
            axes.plot(epochs, values, "--" if column.startswith("images/") else "-", label=name, linewidth=1)
            if column == "images/diversity":
                axes.plot(epochs, [value / 3 for value in values], ":", label="a third of it: collapsed", linewidth=1)
        axes.set_ylabel(label, fontsize=8)
        axes.set_xlim(left=0)
        axes.legend(fontsize=8)
    grid[-1, 0].set_xlabel("epochs")
    figure.suptitle(about, fontsize=10)
    return figure


def _without_rest(table: Mapping[int, Mapping[str, float]]) -> dict[int, dict[str, float]]:
    """The table without what its last row says of training: that is the mean of the few steps after the row before."""
    trained = [step for step, row in table.items() if any(column.startswith("train/") for column in row)]
    return {
        step: {
            column: value for column, value in row.items() if not column.startswith("train/") or step % trained[0] == 0
        }
        for step, row in table.items()
    }
