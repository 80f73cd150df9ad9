"""``genera quickstart``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genera.commands.calling import call
from genera.commands.train import train_recipe
from genera.evaluation import BitsPerDimMeasure, evaluate
from genera.reporting import draw_figures
from genera.training.runs import RunDirectory
from genera.zoo import TrainedModel


def quickstart(*, budget: str = "45s", out: Path | None = None) -> int:
    """Train a small RealNVP on the embedded digits, measure it and draw from it: offline, in about a minute.

    Args:
        budget: time to train, such as 45s or 3m.
        out: the run directory; a numbered one in $GENERA_RUNS or ./runs where omitted.

    Returns:
        The exit code.
    """
    run = RunDirectory.create_numbered("quickstart") if out is None else RunDirectory.create(out)
    code = train_recipe("realnvp_digits", ["--budget", budget], out=run.path)
    if code:
        return code
    trained = TrainedModel(str(run.path), run)
    result = evaluate(trained, trained.open_data(), [BitsPerDimMeasure(8)])
    found = result["measures"]["bits_per_dim@8"]
    print(f"test bits/dim: {found['value']:.3f} (95 % interval {found['low']:.3f} … {found['high']:.3f})")
    for path in draw_figures(trained, run.figures):
        print(path)
    print(f"run: {run.path}")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    return call(quickstart, arguments)
