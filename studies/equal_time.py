"""Two flows, a VAE and a GAN at equal time on MNIST, three seeds each: the families on equal terms.

``python studies/equal_time.py train [VARIANT …]`` trains the variants that have no result yet, for eight minutes
on one thread each, which all schedules span, as many at once as there are cores, in ``$GENERA_RUNS/equal_time``;
interrupted, it goes on where it was. With ``report`` in place of ``train`` it writes table and figure into
``studies/equal_time``. Each has the settings of a good model of the zoo, "flow" those of the report's;
``lenet-mnist`` looks at the samples. ``tools/comparisons.py`` makes a report of the same runs.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml
from gan_variants import SETTINGS
from matplotlib.figure import Figure
from study import Study, Variant, table

from genera.evaluation import classifier_of, default_measures, evaluate
from genera.reporting.measure_info import info_of
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation
from genera.zoo import TrainedModel, find_model

#: Whose settings each family has, of those in the zoo.
FAMILIES = {
    "flow": "realnvp-mnist",
    "fast flow": "flow-fast-mnist",
    "VAE": "vae-discrete-mnist",
    "GAN": "cgan-fm-mnist",
}
SEEDS = range(3)
MEASURED = "evaluation.json"
#: Draws in every set: the report's flow makes some hundred in a second.
COUNT = 2_000
#: What takes minutes of a model, or says as much of the machine.
LEFT_OUT = ("bits_per_dim@8", "bits_per_dim@128", "cas", "samples_per_second", "accuracy")
#: What the table and the figure show.
SHOWN = (
    "bits_per_dim@1",
    "mse",
    "fd[lenet]",
    "fd[random]",
    "precision[lenet]",
    "recall[lenet]",
    "coverage[lenet]",
    "class_kl",
    "recognised",
    "sharpness",
    "memorisation",
)


def name(family: str, seed: int) -> str:
    """A variant's name."""
    return f"{family}, seed {seed}"


def variant(family: str, seed: int) -> Variant:
    """The recipe of the family's model, for equal time."""
    config = yaml.safe_load((find_model(FAMILIES[family]).run.config).read_text())
    recipe = {part: config[part] for part in ("data", "model", "task", "batch_size", "max_epochs")}
    return Variant(recipe, (*SETTINGS, "--budget", "8m", "--seed", str(seed)))


def measure(trained: TrainedModel, folder: Path) -> None:
    """All that one can ask of it in minutes, on the test images."""
    data = trained.open_data()
    known = default_measures(classifier_of(data.name), count=COUNT)
    asked = [question for title, question in known.items() if title not in LEFT_OUT]
    result = evaluate(trained, data, asked, count=COUNT)
    (folder / MEASURED).write_text(json.dumps(result, indent=2) + "\n")


def found(family: str, measure_name: str) -> list[float]:
    """The figures of a family's seeds; none where it has no such measure."""
    measured = [
        read_evaluation(STUDY.kept(name(family, seed)) / MEASURED)["measures"].get(measure_name) for seed in SEEDS
    ]
    return [one["value"] for one in measured if one is not None]


def tables() -> dict[str, str]:
    """The table, by its name."""
    rows: list[tuple[str, ...]] = []
    for measure_name in SHOWN:
        cells = []
        for family in FAMILIES:
            values = found(family, measure_name)
            cells.append(f"{np.mean(values):.3g} ({min(values):.3g} … {max(values):.3g})" if values else "–")
        rows.append((info_of(measure_name).title, *cells))
    cost = [STUDY.environment(name(family, SEEDS[0])) for family in FAMILIES]
    rows.append(("parameters", *(f"{environment['parameters']:,}" for environment in cost)))
    minutes = [[STUDY.environment(name(family, seed))["cpu_seconds"] / 60 for seed in SEEDS] for family in FAMILIES]
    rows.append(("CPU minutes", *(f"{np.mean(of):.1f} ({min(of):.1f} … {max(of):.1f})" for of in minutes)))
    rows.append(("epochs", *(STUDY.epochs(name(family, SEEDS[0])) for family in FAMILIES)))
    return {"table": table(("measure, test images", *FAMILIES), rows)}


def report() -> None:
    """Write the table and the figure."""
    for title, text in tables().items():
        (STUDY.folder / f"{title}.md").write_text(text)
    with style():
        save_figure(figure(), STUDY.folder / "families")
    print(STUDY.folder)


def figure() -> Figure:
    """What was measured of every family, a point for each seed."""
    drawn = Figure(figsize=(9, 4.6))
    grid = drawn.subplots(2, (len(SHOWN) + 1) // 2, squeeze=False)
    for axes, measure_name in zip(grid.flat, SHOWN, strict=False):
        for place, family in enumerate(FAMILIES):
            values = found(family, measure_name)
            axes.plot([place] * len(values), values, "o", color=f"C{place}", markersize=5, alpha=0.7)
        axes.set_xticks(range(len(FAMILIES)), [family.replace(" ", "\n") for family in FAMILIES], fontsize=8)
        axes.set_xlim(-0.5, len(FAMILIES) - 0.5)
        axes.margins(y=0.2)
        axes.tick_params(axis="y", labelsize=7)
        axes.set_title(info_of(measure_name).title, fontsize=8)
    for axes in grid.flat[len(SHOWN) :]:
        axes.axis("off")
    return drawn


STUDY = Study(
    folder=Path(__file__).parent / "equal_time",
    variants={name(family, seed): variant(family, seed) for seed in SEEDS for family in FAMILIES},
    measure=measure,
    measured=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
