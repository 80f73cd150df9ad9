"""Figures of the training of GANs: losses of both players, and diversity of samples."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from genera.reporting.curves import Table, against_epochs, columns_of

#: For each label of a panel the columns of ``metrics.csv`` in it, with their labels.
Panels = Mapping[str, Mapping[str, str]]
_PLAYER_PANELS: Panels = {
    "loss of the discriminator": {
        "train/discriminator/adversarial": "adversarial",
        "train/discriminator/penalty": "penalty",
    },
    "loss of the generator": {"train/generator/adversarial": "adversarial"},
    # A panel of its own, as it is many times larger than the adversarial loss.
    "feature matching": {"train/generator/feature_matching": "weighted term of the generator's loss"},
    "D(x)": {"train/discriminator/real": "images", "train/discriminator/fake": "fakes"},
}
_SAMPLE_PANELS: Panels = {
    "diversity, 1 - SSIM": {"samples/diversity": "samples", "images/diversity": "images"},
    "classes in samples": {"samples/modes": "samples", "images/modes": "images"},
}


def players_figure(table: Table, *, about: str) -> Figure:
    """Losses of both players and outputs of the discriminator over training."""
    return _figure(_without_partial_rows(table), _PLAYER_PANELS, about=about)


def diversity_figure(table: Table, *, about: str) -> Figure | None:
    """Diversity and number of classes of samples over training; both fall in a mode collapse.

    None if there was no probe of samples.
    """
    if not any(columns_of(table) & columns.keys() for columns in _SAMPLE_PANELS.values()):
        return None
    return _figure(table, _SAMPLE_PANELS, about=about)


def _figure(table: Table, panels: Panels, *, about: str) -> Figure:
    """Columns of the table against epochs; panels without columns are omitted."""
    present = columns_of(table)
    used = {label: columns for label, columns in panels.items() if present & columns.keys()}
    figure = Figure(figsize=(6, 0.9 + 1.7 * len(used)))
    grid = figure.subplots(len(used), 1, sharex=True, squeeze=False)
    for axes, (label, columns) in zip(grid.flat, used.items(), strict=True):
        for column, name in columns.items():
            if column not in present:
                continue
            epochs, values = against_epochs(table, column)
            axes.plot(epochs, values, "--" if column.startswith("images/") else "-", label=name, linewidth=1)
            if column == "images/diversity":
                third = [value / 3 for value in values]
                axes.plot(epochs, third, ":", label="a third of images: collapse", linewidth=1)
        axes.set_ylabel(label, fontsize=8)
        axes.set_xlim(left=0)
        axes.legend(fontsize=8)
    grid[-1, 0].set_xlabel("epochs")
    figure.suptitle(about, fontsize=10)
    return figure


def _without_partial_rows(table: Table) -> dict[int, dict[str, float]]:
    """The table without training columns that are means over fewer steps than others, as in the last row."""
    logged = [step for step, row in table.items() if any(column.startswith("train/") for column in row)]
    return {
        step: {
            column: value for column, value in row.items() if not column.startswith("train/") or step % logged[0] == 0
        }
        for step, row in table.items()
    }
