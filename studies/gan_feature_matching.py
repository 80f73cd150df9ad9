"""The effect of feature matching on the report's conditional GAN, at equal time on both data sets.

``python studies/gan_feature_matching.py train [VARIANT …]`` trains the variants that have no result yet, as many
at once as there are cores, in ``$GENERA_RUNS/gan_feature_matching``; run it again to resume after an interruption.
With ``report`` in place of ``train`` it writes table and figures into ``studies/gan_feature_matching``. The measures
use the classifiers ``lenet-mnist`` and ``lenet-fashion-mnist`` of the zoo.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from gan_variants import (
    COLUMNS,
    MEASURED,
    SAMPLES,
    STEPS,
    measure_samples,
    references,
    rows,
    steps,
    with_class_coverage,
)
from matplotlib.figure import Figure
from study import Study, table

from genera.data.image_grid import image_grid
from genera.reporting.figures.training_curves import PLAYERS, panels_figure
from genera.reporting.style import save_figure, style, titled
from genera.runs.readers import read_table
from genera.zoo import TrainedModel

DATA = ("mnist", "fashion-mnist")
#: Steps in the same time for every weight of feature matching: steps without it are a little faster.
WEIGHTS = {"0": 2_500, "10": STEPS["cgan_fm"]}
NUM_CLASSES, PER_CLASS = 10, 10


def name(data: str, weight: str) -> str:
    """A variant's name."""
    return f"{data}, weight {weight}"


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write measures of samples, and ten samples of every class."""
    measure_samples(trained, folder, labels=torch.arange(NUM_CLASSES).repeat_interleave(PER_CLASS))


def tables() -> dict[str, str]:
    """The table, by its name."""
    real = {data: references(STUDY, name(data, "10")) for data in DATA}
    every_row = [*rows(STUDY), *((f"{data}, {first}", *others) for data, (first, *others) in real.items())]
    return {"table": table(COLUMNS, every_row)}


def report() -> None:
    """Write the table and the figures."""
    for title, text in tables().items():
        (STUDY.folder / f"{title}.md").write_text(text)
    with style():
        save_figure(classes_figure(), STUDY.folder / "classes")
        for variant in STUDY.variants:
            players = panels_figure(read_table(STUDY.variant_folder(variant) / "metrics.csv"), PLAYERS)
            save_figure(titled(players, f"cgan_fm on {variant}"), STUDY.variant_folder(variant) / "players")
    print(STUDY.folder)


def classes_figure() -> Figure:
    """Ten samples of every class, a row each, for every variant."""
    figure = Figure(figsize=(9, 9.5))
    grid = figure.subplots(len(DATA), len(WEIGHTS))
    for axes, variant in zip(grid.flat, STUDY.variants, strict=True):
        pixels = torch.from_numpy(np.load(STUDY.variant_folder(variant) / SAMPLES))
        axes.imshow(np.asarray(image_grid(pixels, columns=PER_CLASS)), cmap="gray")
        axes.set_title(variant, fontsize=9)
        axes.axis("off")
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "gan_feature_matching",
    variants={
        name(data, weight): with_class_coverage("cgan_fm", *steps(count), "--model.feature_matching", weight, data=data)
        for data in DATA
        for weight, count in WEIGHTS.items()
    },
    measure=measure,
    result_file=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
