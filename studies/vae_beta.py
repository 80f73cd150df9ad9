"""The effect of the schedule of β and of the latent size on the report's VAE: on its bound, and on its active units.

``python studies/vae_beta.py train [VARIANT …]`` trains the variants that have no result yet on MNIST, each for
ten epochs on one thread, as many at once as there are cores, in ``$GENERA_RUNS/vae_beta``; run it again to
resume after an interruption. With ``report`` in place of ``train`` it writes tables and figures into
``studies/vae_beta``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from study import Study, Variant, resolved, table

import genera.core
from genera.core import Progress, Schedule
from genera.reporting.curves import against_epochs
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_table
from genera.vaes import VAE
from genera.zoo import TrainedModel

#: Epochs, not minutes: the speed of a machine fluctuates, and differences are small.
NUM_EPOCHS = 10
#: Every cycle is validated several times.
SETTINGS = (
    *("--data", "mnist", "--max_epochs", str(NUM_EPOCHS), "--precision", "bf16-mixed"),
    *("--validate_every", "0.25", "--validation_images", "2000"),
)
MEASURED = "measured.json"
#: The first gives the ELBO. At the second, most latent dimensions collapse.
BETAS = (1, 10)
SIZES = (128, 256, 512)
#: The schedules of the recipe and of Fu et al., shortened to this training.
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"class_path": "Constant"},
    "warm-up": {"class_path": "Warmup", "init_args": {"epochs": 3}},
    "the report's falling cycles": {"class_path": "FallingCycles", "init_args": {"warmup": 0.5, "period": 4.2}},
    "rising cycles": {"class_path": "RisingCycles", "init_args": {"num_cycles": 4, "rise": 0.5}},
}


#: Line styles of the curves.
LINES = ("C0-", "C1--", "C2-", "C3--")


def name(schedule: str, beta: int) -> str:
    """A variant's name."""
    return f"{schedule}, β = {beta}"


def size_name(latent_size: int) -> str:
    """A variant's name."""
    return name("warm-up", BETAS[0]) if latent_size == SIZES[0] else f"warm-up, latent of {latent_size}"


def variant(schedule: str, *, beta: int = 1, latent_size: int = 128) -> Variant:
    """The report's VAE with another β, or another latent size."""
    config = resolved("vae")
    config["model"]["init_args"]["latent_size"] = latent_size
    config["model"]["init_args"]["objective"]["init_args"] = {"beta": float(beta), "schedule": SCHEDULES[schedule]}
    return Variant(config, SETTINGS)


@torch.inference_mode()
def measure(trained: TrainedModel, folder: Path) -> None:
    """Write the bound with β = 1, its parts and the active units on test images."""
    model = trained.load()
    assert isinstance(model, VAE)
    images = trained.open_data().split("test").pixels
    generator = torch.Generator().manual_seed(0)
    losses = [model.validation_loss(batch, generator=generator) for batch in images.split(500)]
    parts = {part: torch.cat([loss.terms[part] for loss in losses]).mean() for part in losses[0].terms}
    results = {
        "bound": torch.cat([loss.total for loss in losses]).mean(),
        **parts,
        "active_units": model.posterior(images).active_units(),
    }
    values = {name: float(value) for name, value in results.items()}
    (folder / MEASURED).write_text(json.dumps(values, indent=2) + "\n")


def tables() -> dict[str, str]:
    """The tables of schedules and of sizes, by name."""
    of_bound = ("test loss at β = 1, nats", "reconstruction", "KL", "active units")
    schedules = [(schedule, str(beta), *row(name(schedule, beta))) for beta in BETAS for schedule in SCHEDULES]
    sizes = [(str(size), *row(size_name(size))) for size in SIZES]
    return {
        "schedules": table(("schedule", "maximum β", *of_bound), schedules),
        "sizes": table(("latent", *of_bound), sizes),
    }


def row(variant: str) -> tuple[str, ...]:
    """The measurements of a variant."""
    results = json.loads((STUDY.variant_folder(variant) / MEASURED).read_text())
    return (*(f"{results[part]:.2f}" for part in ("bound", "reconstruction", "kl")), f"{results['active_units']:.0f}")


def report() -> None:
    """Write the tables and the figures."""
    for title, text in tables().items():
        (STUDY.folder / f"{title}.md").write_text(text)
    with style():
        save_figure(schedules_figure(), STUDY.folder / "schedules")
        save_figure(sizes_figure(), STUDY.folder / "sizes")
    print(STUDY.folder)


def schedules_figure() -> Figure:
    """β, the bound and the active units over the training; a column for each maximum of β."""
    figure = Figure(figsize=(9, 7))
    grid = figure.subplots(3, len(BETAS), sharex=True, squeeze=False)
    for (of_beta, of_bound, of_units), beta in zip(grid.T, BETAS, strict=True):
        epochs = np.linspace(0, NUM_EPOCHS, 500)
        for schedule, line in zip(SCHEDULES, LINES, strict=True):
            of_beta.plot(epochs, beta * factors(SCHEDULES[schedule], epochs), line, label=schedule)
        of_beta.set_title(f"β of at most {beta}", fontsize=10)
        of_beta.legend(fontsize=7)
        variants = [name(schedule, beta) for schedule in SCHEDULES]
        draw_bounds(of_bound, variants)
        draw_units(of_units, variants)
        of_units.set(xlabel="epochs", ylim=(0, 132))
    for axes, label in zip(grid[:, 0], ("β", "validation loss at β = 1, nats", "active units, of 128"), strict=True):
        axes.set_ylabel(label)
    return figure


def factors(config: dict[str, Any], epochs: np.ndarray) -> np.ndarray:
    """The factors of a schedule on β at these epochs."""
    schedule: Schedule = getattr(genera.core, config["class_path"])(**config.get("init_args", {}))
    return np.array([schedule(Progress(0, epoch, epoch / NUM_EPOCHS)) for epoch in epochs])


def sizes_figure() -> Figure:
    """The bound and the share of active units, for every latent size."""
    figure = Figure(figsize=(9, 3.6))
    of_bound, of_units = figure.subplots(1, 2)
    variants = [size_name(size) for size in SIZES]
    draw_bounds(of_bound, variants)
    draw_units(of_units, variants, shares_of=SIZES)
    of_bound.set(xlabel="epochs", ylabel="validation loss at β = 1, nats")
    of_units.set(xlabel="epochs", ylabel="active units, %", ylim=(0, 105))
    of_units.legend([f"latent of {size}" for size in SIZES], fontsize=8)
    return figure


def draw_bounds(axes: Axes, variants: Sequence[str]) -> None:
    """Draw validation losses; the range of the axis excludes the first epochs, to show the differences."""
    lowest, ends = [], []
    for variant, line in zip(variants, LINES, strict=False):
        epochs, values = curve(variant, "validation/loss")
        axes.plot(epochs, values, line)
        lowest.append(min(values))
        ends.append(values[-1])
    axes.set_ylim(min(lowest) - 2, max(ends) + 25)


def draw_units(axes: Axes, variants: Sequence[str], *, shares_of: Sequence[int] | None = None) -> None:
    """Draw the active units of validation images, in percent of ``shares_of`` if given."""
    for index, (variant, line) in enumerate(zip(variants, LINES, strict=False)):
        epochs, values = curve(variant, "validation/active_units")
        axes.plot(epochs, np.array(values) * (100 / shares_of[index] if shares_of else 1), line)


def curve(variant: str, column: str) -> tuple[list[float], list[float]]:
    """Epochs, and the values of a column of metrics.csv at these epochs."""
    return against_epochs(read_table(STUDY.variant_folder(variant) / "metrics.csv"), column)


STUDY = Study(
    folder=Path(__file__).parent / "vae_beta",
    variants={
        **{name(schedule, beta): variant(schedule, beta=beta) for beta in BETAS for schedule in SCHEDULES},
        **{size_name(size): variant("warm-up", latent_size=size) for size in SIZES},
    },
    measure=measure,
    result_file=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
