"""``genera figures``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import call
from genera.reporting import make_figures, make_multi_run_figures
from genera.zoo import check_distinct, find_model


def figures(models: list[str], *, out: Path | None = None, seed: int = 0, allow: list[str] | None = None) -> None:
    """Draw every figure the given models allow, as PNG and SVG: training curves, samples, what becomes of images.

    With --out, also what several of them allow together: of autoencoders what the length of the code is worth, of a
    VAE on several data sets how they differ. The last line says what was left out, and why.

    Args:
        models: run directories, or names that `genera models` lists.
        out: folder for the figures, with a folder for each model in it; the run's own `figures` where omitted.
        seed: of all that is drawn, and of the choice of images.
        allow: packages the models' configs may name besides ours; only those you trust.
    """
    found = [find_model(name) for name in models]
    check_distinct(found)
    folders = [trained.run.figures if out is None else out / trained.run.path.resolve().name for trained in found]
    if out is None and any(trained.is_shipped for trained in found):
        raise ValueError("figures of a shipped model need a folder: add --out DIR")
    if len(set(folders)) < len(folders):
        raise ValueError("two of the models have the same name and would share a folder: draw them one by one")
    for trained in found:
        trained.run.check_records()
    left_out: list[str] = []
    for trained, folder in zip(found, folders, strict=True):
        for path in make_figures(trained, folder, seed=seed, allow=allow or (), left_out=left_out.append):
            print(path)
    if out is not None:
        loaded = [(trained, trained.load(allow=allow or ())) for trained in found]
        for path in make_multi_run_figures(loaded, out, seed=seed, allow=allow or (), left_out=left_out.append):
            print(path)
    if left_out:
        print("; ".join(left_out), file=sys.stderr)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    call(figures, arguments)
