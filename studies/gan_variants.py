"""Discriminators, losses and penalties of GANs at equal time on MNIST.

``python studies/gan_variants.py train [VARIANT …]`` trains the variants that have no result yet, each for as many
steps as it makes in twenty minutes on one thread of the same machine, as many at once as there are cores, in
``$GENERA_RUNS/gan_variants``; run it again to resume after an interruption. With ``report`` in place of ``train`` it
writes table and figures into ``studies/gan_variants``. The measures use the classifier ``lenet-mnist`` of the zoo.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from study import Config, Study, Variant, resolved, table

from genera.data.image_grid import image_grid
from genera.evaluation import MEASURES, EvaluationProtocol, classifier_of, evaluate, sample_images
from genera.evaluation.results.rows import format_value
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation, read_table
from genera.zoo import TrainedModel

#: Convolutions are twice as fast in bfloat16, on processors that support it.
SETTINGS = ("--precision", "bf16-mixed", "--validate_every", "1", "--validation_images", "1000")
#: Steps of every recipe in twenty minutes on one thread. Those of ``gan`` and ``sngan`` were counted with a budget of
#: ``20m`` on one processor. The others follow from their speed relative to ``sngan``, the median of four alternating
#: turns of thirty steps each. The results therefore do not depend on the machine.
STEPS = {"gan": 49_573, "sngan": 2_650, "lsgan": 2_600, "wgan_gp": 930, "patchgan": 2_200, "cgan_fm": 2_400}
MINUTES = 20
BUDGET = ("--budget", f"{MINUTES}m")
#: Measures of samples on the validation split, and their columns in the table.
COLUMN_TITLES = {
    "fd[lenet]": "FD",
    "class_kl": "class KL, nats",
    "modes": "modes",
    "diversity": "1 - SSIM",
    "diversity[lenet]": "feature distance",
    "class_agreement": "class agreement",
}
MEASURED, SAMPLES, NUM_SAMPLES = "evaluation.json", "samples.npy", 10
#: The reference values of every measure, and the unit of the models' distances.
REAL = "test images"
COLUMNS = ("GAN", "FD relative to test images", *COLUMN_TITLES.values(), "epochs")
#: Measures in the table of seeds and the figure of all trainings, by title.
SPREAD = {"FD relative to test images": "fd[lenet]", "class KL, nats": "class_kl", "1 - SSIM": "diversity"}
PANELS = {"diversity, 1 - SSIM": "diversity", "classes of samples": "modes"}


def with_class_coverage(recipe: str, *arguments: str, data: str = "mnist") -> Variant:
    """A shipped recipe with the probe ``ClassCoverage``, and further arguments of ``genera train``."""
    config: Config = resolved(recipe)
    config["probes"].append(
        {"class_path": "genera.evaluation.ClassCoverage", "init_args": {"classifier": f"lenet-{data}"}}
    )
    return Variant(config, ("--data", data, *SETTINGS, *arguments))


def steps(count: int, *, seed: int = 0) -> tuple[str, ...]:
    """Arguments of ``genera train``."""
    return ("--max_steps", str(count), "--seed", str(seed))


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write measures of samples, and some samples."""
    measure_samples(trained, folder, labels=torch.arange(NUM_SAMPLES) if trained.load().class_conditional else None)


def measure_samples(trained: TrainedModel, folder: Path, *, labels: torch.Tensor | None) -> None:
    """Write measures of a model's samples, and samples with these labels."""
    data = trained.open_data()
    protocol = EvaluationProtocol(data, split="validation", classifier=classifier_of(data.name))
    result = evaluate(trained, protocol, [MEASURES[name] for name in COLUMN_TITLES])
    (folder / MEASURED).write_text(json.dumps(result, indent=2) + "\n")
    count = NUM_SAMPLES if labels is None else len(labels)
    np.save(folder / SAMPLES, sample_images(trained.load(), count, labels=labels).numpy())


def rows(study: Study) -> list[tuple[str, ...]]:
    """The measures of every variant: values, with half the width of their intervals."""
    rows = []
    for variant in study.variants:
        measures = read_evaluation(study.variant_folder(variant) / MEASURED)["measures"]
        distance = measures["fd[lenet]"]
        values = [f"{distance['value'] / distance['references'][REAL]:.1f}"]
        for name in COLUMN_TITLES:
            value = measures.get(name)
            values.append("" if value is None else f"{format_value(value)} ± {value['high'] - value['value']:.1g}")
        rows.append((variant, *values, study.epochs(variant)))
    return rows


def references(study: Study, variant: str) -> tuple[str, ...]:
    """The reference values of real images, from the results of a class-conditional variant."""
    measures = read_evaluation(study.variant_folder(variant) / MEASURED)["measures"]
    return REAL, "1", *(f"{measures[name]['references'][REAL]:.3g}" for name in COLUMN_TITLES), ""


def tables() -> dict[str, str]:
    """The table, by its name."""
    every_row = [*rows(STUDY), references(STUDY, "conditional, feature matching")]
    return {"table": table(COLUMNS, every_row), "seeds": table(("GAN", *SPREAD), seed_rows())}


def measures_by_gan() -> dict[str, list[dict[str, dict]]]:
    """The measures of every seed of each GAN."""
    by_gan: dict[str, list[dict[str, dict]]] = {}
    for variant in STUDY.variants:
        measures = read_evaluation(STUDY.variant_folder(variant) / MEASURED)["measures"]
        by_gan.setdefault(variant.partition(", seed")[0], []).append(measures)
    return by_gan


def value(measures: dict[str, dict], name: str) -> float:
    """The value of a measure; a distance as a multiple of that of real images."""
    unit = measures[name]["references"][REAL] if name == "fd[lenet]" else 1
    return measures[name]["value"] / unit


def seed_rows() -> list[tuple[str, ...]]:
    """The mean, minimum and maximum over seeds, for GANs with several."""
    rows = []
    for gan, seeds in measures_by_gan().items():
        if len(seeds) > 1:
            values = [[value(measures, name) for measures in seeds] for name in SPREAD.values()]
            spread = (f"{np.mean(of):.3g} ({min(of):.3g} … {max(of):.3g})" for of in values)
            rows.append((f"{gan}, {len(seeds)} seeds", *spread))
    return rows


def report() -> None:
    """Write the table and the figures."""
    for name, text in tables().items():
        (STUDY.folder / f"{name}.md").write_text(text)
    with style():
        save_figure(samples_figure(list(STUDY.variants)), STUDY.folder / "samples")
        save_figure(training_figure(list(STUDY.variants)), STUDY.folder / "training")
        save_figure(spread_figure(), STUDY.folder / "spread")
    print(STUDY.folder)


def samples_figure(variants: list[str]) -> Figure:
    """A row of samples of each variant."""
    figure = Figure(figsize=(7, 0.75 * len(variants)))
    grid = figure.subplots(len(variants), 1, squeeze=False)[:, 0]
    for axes, variant in zip(grid, variants, strict=True):
        pixels = np.load(STUDY.variant_folder(variant) / SAMPLES)
        axes.imshow(np.asarray(image_grid(torch.from_numpy(pixels), columns=NUM_SAMPLES)), cmap="gray")
        axes.set_ylabel(variant, rotation=0, horizontalalignment="right", verticalalignment="center", fontsize=8)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def spread_figure() -> Figure:
    """The measures of every GAN, a point for each training."""
    figure = Figure(figsize=(9, 3.2))
    grid = figure.subplots(1, len(SPREAD), sharey=True)
    by_gan = measures_by_gan()
    for axes, (label, name) in zip(grid, SPREAD.items(), strict=True):
        for position, seeds in enumerate(by_gan.values()):
            values = [value(measures, name) for measures in seeds]
            axes.plot(values, [-position] * len(seeds), "o", color="C0", markersize=5, alpha=0.7)
        axes.set_xlabel(label)
        if name != "diversity":
            axes.set_xscale("log")
    of_images = next(measures for seeds in by_gan.values() for measures in seeds)["diversity"]["references"][REAL]
    grid[-1].axvline(of_images, color="grey", linestyle=":", label=REAL)
    grid[-1].legend(fontsize=7)
    grid[0].set_yticks([-position for position in range(len(by_gan))], list(by_gan), fontsize=8)
    return figure


def training_figure(variants: list[str]) -> Figure:
    """The diversity of samples and the number of their classes over the training."""
    figure = Figure(figsize=(9, 6))
    grid = figure.subplots(len(PANELS), 1, sharex=True)
    for axes, (label, name) in zip(grid, PANELS.items(), strict=True):
        for index, variant in enumerate(variants):
            minutes, values = curve(variant, f"samples/{name}")
            axes.plot(minutes, values, ("-", "--")[index % 2], linewidth=1.2, label=variant)
        _, (of_images, *_) = curve(variants[0], f"images/{name}")
        axes.axhline(of_images, color="grey", linestyle=":", label="images")
        axes.set_ylabel(label)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    grid[-1].set_xlabel("minutes of training on one thread")
    return figure


def curve(variant: str, column: str) -> tuple[list[float], list[float]]:
    """Minutes of the training, and the values of a column of metrics.csv at these times."""
    metrics = read_table(STUDY.variant_folder(variant) / "metrics.csv")
    values = {step: row[column] for step, row in metrics.items() if column in row}
    return [MINUTES * step / max(metrics) for step in values], list(values.values())


STUDY = Study(
    folder=Path(__file__).parent / "gan_variants",
    variants={
        "vanilla": with_class_coverage("gan", *BUDGET),
        "vanilla, seed 1": with_class_coverage("gan", *steps(STEPS["gan"], seed=1)),
        "vanilla, seed 2": with_class_coverage("gan", *steps(STEPS["gan"], seed=2)),
        "conditional, feature matching": with_class_coverage("cgan_fm", *steps(STEPS["cgan_fm"])),
        "conditional, feature matching, seed 1": with_class_coverage("cgan_fm", *steps(STEPS["cgan_fm"], seed=1)),
        "conditional, feature matching, seed 2": with_class_coverage("cgan_fm", *steps(STEPS["cgan_fm"], seed=2)),
        "least squares": with_class_coverage("lsgan", *steps(STEPS["lsgan"])),
        "PatchGAN": with_class_coverage("patchgan", *steps(STEPS["patchgan"])),
        "WGAN-GP": with_class_coverage("wgan_gp", *steps(STEPS["wgan_gp"])),
        "hinge, spectral normalization": with_class_coverage("sngan", *BUDGET),
    },
    measure=measure,
    result_file=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
