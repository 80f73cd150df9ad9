"""``genera quickstart``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from genera.commands.calling import call
from genera.commands.train import train_recipe
from genera.data.pictures import image_grid, save_picture
from genera.evaluation import BitsPerDimMeasure, draw, evaluate
from genera.reporting import draw_figures
from genera.training.runs import RunDirectory
from genera.zoo import TrainedModel


def quickstart(*, budget: str = "45s", out: Path | None = None) -> None:
    """Train a small RealNVP on the embedded digits, measure it and draw from it: offline, in about a minute.

    Args:
        budget: time to train, such as 45s or 3m.
        out: the run directory; a numbered one in $GENERA_RUNS or ./runs where omitted.
    """
    run = RunDirectory.create_numbered("quickstart") if out is None else RunDirectory.create(out)
    code = train_recipe("realnvp_digits", ["--budget", budget], out=run.path)
    if code:
        sys.exit(code)
    trained = TrainedModel(str(run.path), run)
    result = evaluate(trained, trained.open_data(), [BitsPerDimMeasure(8)])
    grid = run.path / "samples.png"
    save_picture(image_grid(draw(trained.load(), 64), levels=trained.spec.levels), grid)
    found = result["measures"]["bits_per_dim@8"]
    figures = draw_figures(trained, run.figures)
    print(f"test bits/dim: {found['value']:.3f} (95 % interval {found['low']:.3f} … {found['high']:.3f})")
    print(f"samples: {grid}")
    print(f"training curve: {next(path for path in figures if path.name == 'training.png')}")
    print(f"run: {run.path}")


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(quickstart, arguments)
