"""``genera figures``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genera.commands.calling import call
from genera.reporting import draw_figures
from genera.zoo import find_model


def figures(models: list[str], *, out: Path | None = None, seed: int = 0) -> None:
    """Draw every figure the given models allow: training curves and samples, as PNG and SVG.

    Args:
        models: run directories, or names that `genera models` lists.
        out: folder for the figures; the run's own `figures` where omitted.
        seed: of the samples.
    """
    for name in models:
        trained = find_model(name)
        folder = trained.run.figures if out is None else out / trained.run.path.name
        for path in draw_figures(trained, folder, seed=seed):
            print(path)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(figures, arguments)
