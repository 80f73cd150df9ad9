"""``genera quickstart``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genera.commands.calling import call
from genera.commands.train import train_recipe
from genera.evaluation import BitsPerDimMeasure, evaluate
from genera.reporting import draw_figures
from genera.training.runs import RunDirectory
from genera.zoo import find_model

#: One of each family.
RECIPES = ("realnvp_digits", "vae_digits")


def quickstart(*, budget: str = "45s", out: Path | None = None) -> int:
    """Train a small flow and a small VAE on the embedded digits, measure them and draw from them: offline, in minutes.

    Args:
        budget: time to train each, such as 45s or 3m.
        out: folder for the two runs; a numbered one in $GENERA_RUNS or ./runs where omitted.

    Returns:
        The exit code.
    """
    folder = (RunDirectory.create_numbered("quickstart") if out is None else RunDirectory.create(out)).path
    for recipe in RECIPES:
        code = train_recipe(recipe, ["--budget", budget], out=folder / recipe)
        if code:
            return code
    for recipe in RECIPES:
        trained = find_model(str(folder / recipe))
        result = evaluate(trained, trained.open_data(), [BitsPerDimMeasure(8)])
        found = result["measures"]["bits_per_dim@8"]
        interval = f"95 % interval {found['low']:.3f} … {found['high']:.3f}"
        print(f"{recipe}: test bits/dim {found['value']:.3f} ({interval})")
        for path in draw_figures(trained, trained.run.figures):
            print(path)
    print(f"runs: {folder}")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    return call(quickstart, arguments)
