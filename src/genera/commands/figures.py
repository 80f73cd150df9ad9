"""``genera figures``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from genera.commands.typed_command import call
from genera.core.devices import choose_device
from genera.reporting import FigureFiles
from genera.reporting.drawing import Drawing, LoadedModel, describe
from genera.reporting.figures import FIGURES
from genera.reporting.multi_run_figures.datasets import datasets
from genera.reporting.multi_run_figures.latent_sizes import latent_sizes
from genera.reporting.style import save_figure, style, titled
from genera.zoo import TrainedModel, check_distinct, find_model


def figures(
    models: list[str | Path],
    *,
    out: Path | str | None = None,
    seed: int = 0,
    device: str = "auto",
    allow: list[str] | None = None,
) -> FigureFiles:
    """Write all figures of trained models as PNG and SVG: samples, reconstructions, training curves and more.

    With --out, also figures of several models: autoencoders of several latent sizes, and one recipe on several data
    sets. The last line lists the figures that were skipped, with reasons.

    Args:
        models: run directories, or names that `genera models` lists.
        out: folder for the figures, with a subfolder per model; default: `figures` in the run directory.
        seed: of samples and of the choice of images.
        device: auto, cpu, cuda or mps.
        allow: packages the models' configs may name besides genera; only trusted ones.

    Returns:
        The paths of the files; a notebook shows the pictures.

    Raises:
        ValueError: there is no such model or device, or a model that ships with Genera was given without ``out``.
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
    loaded_models = _load(trained_models, seed=seed, device=choose_device(device), allow=allow or ())
    files = FigureFiles()
    skipped: list[str] = []
    for loaded, folder in zip(loaded_models, folders, strict=True):
        about = describe(loaded.trained)
        drawings = filter(None, (figure(loaded) for figure in FIGURES))
        paths, messages = _write([replace(drawing, title=f"{about}\n{drawing.title}") for drawing in drawings], folder)
        if not loaded.table:
            messages.insert(0, f"skipped training curves: there is no {loaded.trained.run.metrics.name}")
        files += paths
        skipped += [f"{loaded.trained.name}: {message}" for message in messages]
    if out is not None:
        paths, messages = _write([*latent_sizes(loaded_models), *datasets(loaded_models)], out)
        files += paths
        skipped += messages
    if skipped:
        print("; ".join(skipped), file=sys.stderr)
    return files


def _load(
    models: Sequence[TrainedModel], *, seed: int, device: torch.device, allow: Sequence[str]
) -> list[LoadedModel]:
    """Load models; those of the same data set share it."""
    keys = [json.dumps(trained.config["data"], sort_keys=True) for trained in models]
    openers = {key: cache(trained.open_data) for key, trained in zip(keys, models, strict=True)}
    return [
        LoadedModel(trained, trained.load(device=device, allow=allow), openers[key], seed, allow)
        for key, trained in zip(keys, models, strict=True)
    ]


def _write(drawings: Sequence[Drawing], folder: Path) -> tuple[list[Path], list[str]]:
    """Draw figures and write each as PNG and SVG; also messages about those that were skipped, one for each reason."""
    paths: list[Path] = []
    skipped: dict[str, list[str]] = {}
    with style():
        for drawing in drawings:
            try:
                figure = drawing.draw()
            except (ValueError, OSError) as error:
                skipped.setdefault(str(error), []).append(drawing.name)
            else:
                paths += save_figure(titled(figure, drawing.title), folder / drawing.name)
    return paths, [f"skipped {', '.join(names)}: {reason}" for reason, names in skipped.items()]


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    for path in call(figures, arguments):
        print(path)
