"""``genera figures``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import call
from genera.reporting import FigureFiles, make_figures, make_multi_run_figures
from genera.zoo import check_distinct, find_model


def figures(
    models: list[str | Path], *, out: Path | str | None = None, seed: int = 0, allow: list[str] | None = None
) -> FigureFiles:
    """Write all figures of trained models as PNG and SVG: training curves, samples, reconstructions and more.

    With --out, also figures of several models: autoencoders of several latent sizes, and one VAE recipe on several data
    sets. The last line lists the figures that were skipped, with reasons.

    Args:
        models: run directories, or names that `genera models` lists.
        out: folder for the figures, with a subfolder per model; default: `figures` in the run directory.
        seed: of samples and of the choice of images.
        allow: packages the models' configs may name besides genera; only trusted ones.

    Returns:
        The paths of the files; a notebook shows the pictures.

    Raises:
        ValueError: there is no such model, or a model that ships with Genera was given without ``out``.
        OSError: the folder cannot be written.

    Example:
        >>> import genera, tempfile
        >>> files = genera.figures(["realnvp-digits"], out=tempfile.mkdtemp())
        >>> [path.name for path in files if path.suffix == ".png"][:2]
        ['samples.png', 'interpolations.png']
    """
    trained_models = [find_model(str(name)) for name in models]
    out = None if out is None else Path(out)
    check_distinct(trained_models)
    folders = [
        trained.run.figures if out is None else out / trained.run.path.resolve().name for trained in trained_models
    ]
    if out is None and any(trained.is_shipped for trained in trained_models):
        raise ValueError("figures of a shipped model need a folder: add --out DIR")
    if len(set(folders)) < len(folders):
        raise ValueError("two of the models have the same name and would share a folder: give them one at a time")
    for trained in trained_models:
        trained.run.check_records()
    files = FigureFiles()
    skipped: list[str] = []
    for trained, folder in zip(trained_models, folders, strict=True):
        files.extend(make_figures(trained, folder, seed=seed, allow=allow or (), on_skip=skipped.append))
    if out is not None:
        loaded = [(trained, trained.load(allow=allow or ())) for trained in trained_models]
        files.extend(make_multi_run_figures(loaded, out, seed=seed, allow=allow or (), on_skip=skipped.append))
    if skipped:
        print("; ".join(skipped), file=sys.stderr)
    return files


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    for path in call(figures, arguments):
        print(path)
