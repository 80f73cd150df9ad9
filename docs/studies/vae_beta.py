"""What the schedule of β and the size of the latent do to the report's VAE: to its bound, and to the use of the latent.

``python docs/studies/vae_beta.py train [VARIANT …]`` trains the variants that have no result yet on MNIST, each for
five minutes on one thread, as many at once as there are cores, in ``$GENERA_RUNS/vae_beta``; interrupted, it goes on
where it was. With ``report`` in place of ``train`` it writes table and figure into ``docs/studies/vae_beta``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from study import Study, Variant, resolved, table

from genera.reporting.curves import against_time
from genera.reporting.style import save_figure, style
from genera.training.runs import read_table
from genera.vaes import ACTIVE_VARIANCE, VAE
from genera.zoo import TrainedModel

#: Cycles are told apart where every one is validated several times.
SETTINGS = ("--data", "mnist", "--budget", "5m", "--validate_every", "0.25", "--validation_images", "2000")
MEASURED = "measured.json"
#: Columns of ``metrics.csv`` in the panels of the figure, by what they are called there.
PANELS = {
    "β": "train/beta",
    "bound at β = 1, nats": "validation/loss",
    "active units": "validation/active_units",
}


def with_schedule(schedule: dict[str, Any] | None, *, latent_size: int = 128) -> Variant:
    """The report's VAE with another schedule of β, or another latent."""
    config = resolved("vae")
    config["model"]["init_args"]["latent_size"] = latent_size
    config["model"]["init_args"]["objective"]["init_args"]["schedule"] = schedule
    return Variant(config, SETTINGS)


#: In epochs of the recipe's plan of 220, which a budget stretches or shrinks: a warm-up of 30 % of the training.
WARMUP = {"class_path": "Warmup", "init_args": {"epochs": 66}}
FALLING = {"class_path": "FallingCycles", "init_args": {"warmup": 10, "period": 100}}
RISING = {"class_path": "RisingCycles", "init_args": {"num_cycles": 4, "rise": 0.5}}


@torch.inference_mode()
def measure(trained: TrainedModel, folder: Path) -> None:
    """The bound with β = 1, its parts and the use of the latent on test images."""
    model = trained.load()
    assert isinstance(model, VAE)
    images = trained.open_data().split("test").pixels
    generator = torch.Generator().manual_seed(0)
    losses = [model.validation_loss(batch, generator=generator) for batch in images.split(500)]
    parts = {name: torch.cat([loss.terms[name] for loss in losses]).mean() for name in losses[0].terms}
    means = torch.cat([model.encode(batch) for batch in images.split(500)])
    found = {
        "bound": torch.cat([loss.total for loss in losses]).mean(),
        **parts,
        "active_units": (means.var(dim=0, correction=0) > ACTIVE_VARIANCE).sum(),
    }
    values = {name: float(value) for name, value in found.items()}
    (folder / MEASURED).write_text(json.dumps(values, indent=2) + "\n")


def report() -> None:
    """Write the table and the figure."""
    rows = []
    for variant in STUDY.done():
        found = json.loads((STUDY.kept(variant) / MEASURED).read_text())
        parts = (f"{found[part]:.2f}" for part in ("bound", "reconstruction", "kl"))
        rows.append((variant, *parts, f"{found['active_units']:.0f}", STUDY.epochs(variant)))
    columns = ("VAE", "test bound, nats", "reconstruction", "KL", "active units", "epochs")
    (STUDY.folder / "table.md").write_text(table(columns, rows))
    with style():
        save_figure(figure_of(STUDY.done()), STUDY.folder / "courses")
    print(STUDY.folder)


def figure_of(variants: list[str]) -> Figure:
    """β, the bound and the active units against time."""
    figure = Figure(figsize=(7, 7))
    grid = figure.subplots(len(PANELS), 1, sharex=True)
    for axes, (label, column) in zip(grid, PANELS.items(), strict=True):
        late = []
        for index, variant in enumerate(variants):
            minutes, values = against_time(read_table(STUDY.kept(variant) / "metrics.csv"), column)
            axes.plot(minutes, values, label=variant, linestyle=("-", "--")[index >= len(SCHEDULES)])
            late += values[len(values) // 3 :]
        axes.set_ylabel(label)
        if column == "validation/loss":
            # The first minutes would flatten all that differs.
            axes.set_ylim(min(late) - 2, max(late) + 2)
    grid[-1].set_xlabel("minutes of training on one thread")
    grid[0].legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.02), ncols=3)
    return figure


SCHEDULES = {
    "constant β": with_schedule(None),
    "warm-up": with_schedule(WARMUP),
    "the report's falling cycles": with_schedule(FALLING),
    "rising cycles": with_schedule(RISING),
}

STUDY = Study(
    folder=Path(__file__).parent / "vae_beta",
    variants={
        **SCHEDULES,
        "warm-up, latent of 256": with_schedule(WARMUP, latent_size=256),
        "warm-up, latent of 512": with_schedule(WARMUP, latent_size=512),
    },
    measure=measure,
    measured=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
