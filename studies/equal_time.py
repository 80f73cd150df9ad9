"""Two flows, a VAE and a GAN at equal time on MNIST, three seeds each.

``python studies/equal_time.py train [VARIANT …]`` trains the variants that have no result yet, for eight minutes
on one thread each, which all schedules span, as many at once as there are cores, in ``$GENERA_RUNS/equal_time``;
run it again to resume after an interruption. With ``report`` in place of ``train`` it writes table and figure into
``studies/equal_time``. Each variant has the settings of a good model of the zoo, "flow" those of the report's;
``lenet-mnist`` is the classifier of the measures. ``tools/comparisons.py`` makes a report of the same runs.
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
from genera.evaluation.measure_info import info_of
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation
from genera.zoo import TrainedModel, find_model

#: The model of the zoo whose settings each family uses.
FAMILIES = {
    "flow": "realnvp-mnist",
    "fast flow": "flow-fast-mnist",
    "VAE": "vae-discrete-mnist",
    "GAN": "cgan-fm-mnist",
}
SEEDS = range(3)
MEASURED = "evaluation.json"
#: Samples in every set: the report's flow generates about a hundred per second.
COUNT = 2_000
#: Measures that take minutes per model, or depend on the machine.
EXCLUDED = ("bits_per_dim@8", "bits_per_dim@128", "cas", "samples_per_second", "accuracy")
#: Measures in the table and the figure.
REPORTED = (
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
    """The recipe of the family's model, with the equal time budget."""
    config = yaml.safe_load((find_model(FAMILIES[family]).run.config).read_text())
    recipe = {part: config[part] for part in ("data", "model", "task", "batch_size", "max_epochs")}
    return Variant(recipe, (*SETTINGS, "--budget", "8m", "--seed", str(seed)))


def measure(trained: TrainedModel, folder: Path) -> None:
    """Evaluate all measures that take minutes at most, on the test images."""
    data = trained.open_data()
    known = default_measures(classifier_of(data.name), count=COUNT)
    chosen = [measure for name, measure in known.items() if name not in EXCLUDED]
    result = evaluate(trained, data, chosen, count=COUNT)
    (folder / MEASURED).write_text(json.dumps(result, indent=2) + "\n")


def seed_values(family: str, measure_name: str) -> list[float]:
    """The values of a measure for the seeds of a family; empty if the family does not have this measure."""
    folders = [STUDY.variant_folder(name(family, seed)) for seed in SEEDS]
    results = [read_evaluation(folder / MEASURED)["measures"].get(measure_name) for folder in folders]
    return [result["value"] for result in results if result is not None]


def tables() -> dict[str, str]:
    """The table, by its name."""
    rows: list[tuple[str, ...]] = []
    for measure_name in REPORTED:
        cells = []
        for family in FAMILIES:
            values = seed_values(family, measure_name)
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
        save_figure(families_figure(), STUDY.folder / "families")
    print(STUDY.folder)


def families_figure() -> Figure:
    """The measures of every family, a point for each seed."""
    figure = Figure(figsize=(9, 4.6))
    grid = figure.subplots(2, (len(REPORTED) + 1) // 2, squeeze=False)
    for axes, measure_name in zip(grid.flat, REPORTED, strict=False):
        for place, family in enumerate(FAMILIES):
            values = seed_values(family, measure_name)
            axes.plot([place] * len(values), values, "o", color=f"C{place}", markersize=5, alpha=0.7)
        axes.set_xticks(range(len(FAMILIES)), [family.replace(" ", "\n") for family in FAMILIES], fontsize=8)
        axes.set_xlim(-0.5, len(FAMILIES) - 0.5)
        axes.margins(y=0.2)
        axes.tick_params(axis="y", labelsize=7)
        axes.set_title(info_of(measure_name).title, fontsize=8)
    for axes in grid.flat[len(REPORTED) :]:
        axes.axis("off")
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "equal_time",
    variants={name(family, seed): variant(family, seed) for seed in SEEDS for family in FAMILIES},
    measure=measure,
    result_file=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
