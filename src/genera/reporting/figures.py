"""The figures a run allows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from genera.core import Generative
from genera.data.pictures import image_grid
from genera.evaluation import draw
from genera.reporting.style import save_figure, style
from genera.training.runs import read_table
from genera.zoo import TrainedModel


def draw_figures(trained: TrainedModel, folder: Path, *, seed: int = 0, allow: Sequence[str] = ()) -> list[Path]:
    """Draw every figure a model's files allow.

    Args:
        trained: the model.
        folder: where the figures go.
        seed: of the samples.
        allow: packages that the model's config may name besides ours.

    Returns:
        The files written.

    Raises:
        ValueError: the model cannot be loaded.
        OSError: the folder cannot be written.
    """
    paths: list[Path] = []
    with style():
        if trained.run.metrics.is_file() and read_table(trained.run.metrics):
            paths += save_figure(training_curve(trained), folder / "training")
        model = trained.load(allow=allow)
        if isinstance(model, Generative):
            images = draw(model, 64, seed=seed)
            title = f"{describe(trained)}: samples"
            paths += save_figure(sample_figure(images, title=title, levels=model.spec.levels), folder / "samples")
    return paths


def training_curve(trained: TrainedModel) -> Figure:
    """Training and validation loss against the time spent, in bits per dimension for a density and nats otherwise."""
    table = read_table(trained.run.metrics)
    seconds = {0: 0.0} | {step: row["seconds"] for step, row in table.items() if "seconds" in row}
    name = "bits_per_dim" if any("validation/bits_per_dim" in row for row in table.values()) else "loss"
    figure = Figure(figsize=(6, 4))
    axes = figure.add_subplot()
    for split, marker in (("train", ""), ("validation", "o")):
        steps = [step for step, row in table.items() if f"{split}/{name}" in row]
        # A validation falls between two rows that know the time.
        minutes = np.interp(steps, list(seconds), list(seconds.values())) / 60
        values = [table[step][f"{split}/{name}"] for step in steps]
        axes.plot(minutes, values, marker=marker, markersize=4, label=split)
    axes.set_ylim(*_limits([row[f"{split}/{name}"] for row in table.values() for split in ("train", "validation")
                            if f"{split}/{name}" in row]))  # fmt: skip
    axes.set(xlabel="minutes of training", ylabel="bits per dimension" if name == "bits_per_dim" else "nats per image")
    axes.set_title(describe(trained), fontsize=10)
    axes.legend()
    return figure


def sample_figure(images: Tensor, *, title: str, levels: int) -> Figure:
    """A titled grid of uint8 images ``(N, C, H, W)``."""
    figure = Figure(figsize=(5, 5.3))
    axes = figure.add_subplot()
    axes.imshow(np.asarray(image_grid(images, levels=levels)), cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")
    return figure


def describe(trained: TrainedModel) -> str:
    """Model, data and training, in a line."""
    parts = [str(trained.config.get("recipe") or trained.name), f"on {trained.config['data']['name']}"]
    if trained.run.environment.is_file():
        environment = json.loads(trained.run.environment.read_text())
        parts.append(f"({environment['steps']:,} steps, {environment['wall_seconds'] / 60:.1f} min)")
    return " ".join(parts)


def _limits(values: list[float]) -> tuple[float, float]:
    """A range that shows where a curve ends well; the first steps of a training would flatten all that follows."""
    low, high = min(values), float(np.percentile(values, 90))
    room = max(high - low, 1e-3)
    return low - 0.05 * room, low + 1.6 * room
