"""Figures that only two players allow: how each of them fared, and how different samples stayed."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from genera.reporting.curves import Table, against_epochs

#: What a row of ``metrics.csv`` holds of a panel, by the panel's label: columns, and what to call them.
Panels = Mapping[str, Mapping[str, str]]
_OF_PLAYERS: Panels = {
    "loss of the discriminator": {
        "train/discriminator/adversarial": "adversarial",
        "train/discriminator/penalty": "penalty",
    },
    "loss of the generator": {"train/generator/adversarial": "adversarial"},
    # Many times the other part.
    "feature matching": {"train/generator/feature_matching": "of the generator's loss, weighted"},
    "D(x)": {"train/discriminator/real": "images", "train/discriminator/fake": "fakes"},
}
_OF_SAMPLES: Panels = {
    "diversity, 1 - SSIM": {"samples/diversity": "samples", "images/diversity": "images"},
    "classes drawn": {"samples/modes": "samples", "images/modes": "images"},
}


def players_figure(table: Table, *, about: str) -> Figure:
    """What both players' losses and the discriminator's opinion did over training."""
    return _figure(_without_rest(table), _OF_PLAYERS, about=about)


def diversity_figure(table: Table, *, about: str) -> Figure | None:
    """How different samples stayed over training, and which classes there were: where a GAN collapses, both fall.

    None where no probe looked at samples.
    """
    present = {column for row in table.values() for column in row}
    if not any(column in present for columns in _OF_SAMPLES.values() for column in columns):
        return None
    return _figure(table, _OF_SAMPLES, about=about)


def _figure(table: Table, panels: Panels, *, about: str) -> Figure:
    """Columns over epochs, in the panels that have any."""
    present = {column for row in table.values() for column in row}
    shown = {
        label: {column: name for column, name in columns.items() if column in present}
        for label, columns in panels.items()
    }
    shown = {label: columns for label, columns in shown.items() if columns}
    figure = Figure(figsize=(6, 0.9 + 1.7 * len(shown)))
    grid = figure.subplots(len(shown), 1, sharex=True, squeeze=False)
    for axes, (label, columns) in zip(grid.flat, shown.items(), strict=True):
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


def _without_rest(table: Table) -> dict[int, dict[str, float]]:
    """The table without what its last row says of training: that is the mean of the few steps after the row before."""
    trained = [step for step, row in table.items() if any(column.startswith("train/") for column in row)]
    return {
        step: {
            column: value for column, value in row.items() if not column.startswith("train/") or step % trained[0] == 0
        }
        for step, row in table.items()
    }
