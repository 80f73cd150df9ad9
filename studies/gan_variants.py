"""Discriminators, losses and penalties of GANs at equal time on MNIST.

``python studies/gan_variants.py train [VARIANT …]`` trains the variants that have no result yet, each for as many
steps as it makes in twenty minutes on one thread of the same machine, as many at once as there are cores, in
``$GENERA_RUNS/gan_variants``; interrupted, it goes on where it was. With ``report`` in place of ``train`` it writes
table and figures into ``studies/gan_variants``. ``lenet-mnist``, of the zoo, looks at the samples.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from study import Config, Study, Variant, resolved, table

from genera.data.image_grid import image_grid
from genera.evaluation import classifier_of, default_measures, evaluate, sample_images
from genera.reporting.comparison import format_value
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_evaluation, read_table
from genera.zoo import TrainedModel

#: On processors with bfloat16 convolutions are twice as fast in it.
SETTINGS = ("--precision", "bf16-mixed", "--validate_every", "1", "--validation_images", "1000")
#: Steps of every recipe in twenty minutes on one thread. Those of ``gan`` and ``sngan`` were counted with a budget of
#: ``20m``, on a processor that trained both alike slowly. The others follow from how their speed compares with that of
#: ``sngan``: the median of four turns each of thirty steps, in turns. So it does not matter where they are trained.
STEPS = {"gan": 49_573, "sngan": 2_650, "lsgan": 2_600, "wgan_gp": 930, "patchgan": 2_200, "cgan_fm": 2_400}
MINUTES = 20
COUNTED = ("--budget", f"{MINUTES}m")
#: What is asked of the draws, on the validation split, and what the table calls it.
MEASURES = {
    "fd[lenet]": "FD",
    "class_kl": "class KL, nats",
    "modes": "modes",
    "diversity": "1 - SSIM",
    "diversity[lenet]": "feature distance",
    "class_agreement": "as asked for",
}
MEASURED, SHOWN, NUM_SHOWN = "evaluation.json", "samples.npy", 10
#: What stands beside every figure, and whose distance is the unit of the models'.
REAL = "test images"
COLUMNS = ("GAN", "FD over that of test images", *MEASURES.values(), "epochs")
#: What the table of seeds and the figure of all show, by what they call it.
SPREAD = {"FD over that of test images": "fd[lenet]", "class KL, nats": "class_kl", "1 - SSIM": "diversity"}
PANELS = {"diversity, 1 - SSIM": "diversity", "classes drawn": "modes"}


def watched(recipe: str, *arguments: str, data: str = "mnist") -> Variant:
    """A shipped recipe, with more arguments of ``genera train``; the classes of its samples are counted meanwhile."""
    config: Config = resolved(recipe)
    config["probes"].append(
        {"class_path": "genera.evaluation.ClassCoverage", "init_args": {"classifier": f"lenet-{data}"}}
    )
    return Variant(config, ("--data", data, *SETTINGS, *arguments))


def steps(count: int, *, seed: int = 0) -> tuple[str, ...]:
    """Arguments of ``genera train``."""
    return ("--max_steps", str(count), "--seed", str(seed))


def measure(trained: TrainedModel, folder: Path) -> None:
    """Measures of its draws, and some of them."""
    measure_samples(trained, folder, labels=torch.arange(NUM_SHOWN) if trained.load().class_conditional else None)


def measure_samples(trained: TrainedModel, folder: Path, *, labels: torch.Tensor | None) -> None:
    """Measures of the draws of a model, and some of them, of these labels."""
    data = trained.open_data()
    known = default_measures(classifier_of(data.name))
    found = evaluate(trained, data, [known[name] for name in MEASURES], split="validation")
    (folder / MEASURED).write_text(json.dumps(found, indent=2) + "\n")
    count = NUM_SHOWN if labels is None else len(labels)
    np.save(folder / SHOWN, sample_images(trained.load(), count, labels=labels).numpy())


def rows(study: Study) -> list[tuple[str, ...]]:
    """What was measured of every variant: values, with half the width of their intervals."""
    made = []
    for variant in study.variants:
        measures = read_evaluation(study.kept(variant) / MEASURED)["measures"]
        distance = measures["fd[lenet]"]
        values = [f"{distance['value'] / distance['references'][REAL]:.1f}"]
        for name in MEASURES:
            value = measures.get(name)
            values.append("" if value is None else f"{format_value(value)} ± {value['high'] - value['value']:.1g}")
        made.append((variant, *values, study.epochs(variant)))
    return made


def references(study: Study, variant: str) -> tuple[str, ...]:
    """The same of real images, which stand beside a variant's that draws by label."""
    measures = read_evaluation(study.kept(variant) / MEASURED)["measures"]
    return REAL, "1", *(f"{measures[name]['references'][REAL]:.3g}" for name in MEASURES), ""


def tables() -> dict[str, str]:
    """The table, by its name."""
    every_row = [*rows(STUDY), references(STUDY, "conditional, feature matching")]
    return {"table": table(COLUMNS, every_row), "seeds": table(("GAN", *SPREAD), seed_rows())}


def found_by_gan() -> dict[str, list[dict[str, dict]]]:
    """What was measured, for every seed of each GAN."""
    found: dict[str, list[dict[str, dict]]] = {}
    for variant in STUDY.variants:
        measures = read_evaluation(STUDY.kept(variant) / MEASURED)["measures"]
        found.setdefault(variant.partition(", seed")[0], []).append(measures)
    return found


def value(measures: dict[str, dict], name: str) -> float:
    """A figure; a distance as a multiple of that of real images."""
    unit = measures[name]["references"][REAL] if name == "fd[lenet]" else 1
    return measures[name]["value"] / unit


def seed_rows() -> list[tuple[str, ...]]:
    """The mean and the ends over trainings with different seeds, where there are several."""
    made = []
    for gan, seeds in found_by_gan().items():
        if len(seeds) > 1:
            values = [[value(measures, name) for measures in seeds] for name in SPREAD.values()]
            spread = (f"{np.mean(of):.3g} ({min(of):.3g} … {max(of):.3g})" for of in values)
            made.append((f"{gan}, {len(seeds)} seeds", *spread))
    return made


def report() -> None:
    """Write the table and the figures."""
    for name, text in tables().items():
        (STUDY.folder / f"{name}.md").write_text(text)
    with style():
        save_figure(samples_figure(list(STUDY.variants)), STUDY.folder / "samples")
        save_figure(courses_figure(list(STUDY.variants)), STUDY.folder / "courses")
        save_figure(spread_figure(), STUDY.folder / "spread")
    print(STUDY.folder)


def samples_figure(variants: list[str]) -> Figure:
    """A row of draws of each."""
    figure = Figure(figsize=(7, 0.75 * len(variants)))
    grid = figure.subplots(len(variants), 1, squeeze=False)[:, 0]
    for axes, variant in zip(grid, variants, strict=True):
        pixels = np.load(STUDY.kept(variant) / SHOWN)
        axes.imshow(np.asarray(image_grid(torch.from_numpy(pixels), columns=NUM_SHOWN)), cmap="gray")
        axes.set_ylabel(variant, rotation=0, horizontalalignment="right", verticalalignment="center", fontsize=8)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def spread_figure() -> Figure:
    """What was measured of every GAN, a point for each training."""
    figure = Figure(figsize=(9, 3.2))
    grid = figure.subplots(1, len(SPREAD), sharey=True)
    found = found_by_gan()
    for axes, (label, name) in zip(grid, SPREAD.items(), strict=True):
        for place, seeds in enumerate(found.values()):
            values = [value(measures, name) for measures in seeds]
            axes.plot(values, [-place] * len(seeds), "o", color="C0", markersize=5, alpha=0.7)
        axes.set_xlabel(label)
        if name != "diversity":
            axes.set_xscale("log")
    of_images = next(measures for seeds in found.values() for measures in seeds)["diversity"]["references"][REAL]
    grid[-1].axvline(of_images, color="grey", linestyle=":", label=REAL)
    grid[-1].legend(fontsize=7)
    grid[0].set_yticks([-place for place in range(len(found))], list(found), fontsize=8)
    return figure


def courses_figure(variants: list[str]) -> Figure:
    """What became of the diversity of samples and of their classes."""
    figure = Figure(figsize=(9, 6))
    grid = figure.subplots(len(PANELS), 1, sharex=True)
    for axes, (label, name) in zip(grid, PANELS.items(), strict=True):
        for index, variant in enumerate(variants):
            minutes, values = course(variant, f"samples/{name}")
            axes.plot(minutes, values, ("-", "--")[index % 2], linewidth=1.2, label=variant)
        _, (of_images, *_) = course(variants[0], f"images/{name}")
        axes.axhline(of_images, color="grey", linestyle=":", label="images")
        axes.set_ylabel(label)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    grid[-1].set_xlabel("minutes of training on one thread")
    return figure


def course(variant: str, column: str) -> tuple[list[float], list[float]]:
    """Minutes of the twenty that all have, and the values of a column there."""
    metrics = read_table(STUDY.kept(variant) / "metrics.csv")
    values = {step: row[column] for step, row in metrics.items() if column in row}
    return [MINUTES * step / max(metrics) for step in values], list(values.values())


STUDY = Study(
    folder=Path(__file__).parent / "gan_variants",
    variants={
        "vanilla": watched("gan", *COUNTED),
        "vanilla, seed 1": watched("gan", *steps(STEPS["gan"], seed=1)),
        "vanilla, seed 2": watched("gan", *steps(STEPS["gan"], seed=2)),
        "conditional, feature matching": watched("cgan_fm", *steps(STEPS["cgan_fm"])),
        "conditional, feature matching, seed 1": watched("cgan_fm", *steps(STEPS["cgan_fm"], seed=1)),
        "conditional, feature matching, seed 2": watched("cgan_fm", *steps(STEPS["cgan_fm"], seed=2)),
        "least squares": watched("lsgan", *steps(STEPS["lsgan"])),
        "PatchGAN": watched("patchgan", *steps(STEPS["patchgan"])),
        "WGAN-GP": watched("wgan_gp", *steps(STEPS["wgan_gp"])),
        "hinge, spectral normalization": watched("sngan", *COUNTED),
    },
    measure=measure,
    measured=MEASURED,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
