"""The effect of each part of the report's RealNVP on MNIST.

``python studies/flow_ablation.py train [VARIANT …]`` trains the variants that have no result yet, on one thread
each, as many at once as there are cores, in ``$GENERA_RUNS/flow_ablation``; run it again to resume after an
interruption. The parts were trained for twenty minutes on one machine, the sizes for fourteen on one 1.4 times as fast,
and more couplings for fourteen on a third; every table has the report's flow as trained on the same machine.
``python studies/flow_ablation.py report`` writes the tables and the figure of ``studies/flow_ablation`` from
the files there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from study import Config, Study, Variant, resolved, table

from genera.core import bits_per_dim, has_density
from genera.evaluation import log_probs
from genera.reporting.curves import against_time
from genera.reporting.style import save_figure, style
from genera.runs.readers import read_table
from genera.zoo import TrainedModel

SETTINGS = (
    *("--data", "mnist"),
    *("--batch_size", "8", "--task.optimizer.lr", "1.5e-3", "--task.average_decay", "0.998"),
    *("--validate_every", "0.2", "--validation_images", "2000"),
    *("--task.schedule", "{class_path: Cosine, init_args: {warmup: 0.02}}"),
)
#: Number of steps over which a row of metrics.csv is averaged.
ROW = 50
COLUMNS = (
    "flow",
    "validation bits/dim",
    "difference to the report's",
    "parameters",
    "images/s",
    "steps",
    "CPU minutes",
)
#: Bits/dim of each of the first images of the validation split, with one importance sample.
BITS, NUM_IMAGES = "validation-bits.txt", 2000


def scales_of(transforms: list[Config]) -> list[list[Config]]:
    """The lists of transforms of every scale, outermost first."""
    split = next((transform for transform in transforms if transform["class_path"] == "Split"), None)
    deeper = [] if split is None else scales_of(split["init_args"]["transforms"])
    return [transforms, *deeper]


def put_before_every_coupling(config: Config, make: Callable[[str, int], list[Config]]) -> None:
    """Insert the transforms of ``make(mask, turn)`` before every single coupling."""
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for index, transform in reversed(list(enumerate(transforms))):
            if transform["class_path"] != "Couplings":
                continue
            arguments = dict(transform["init_args"])
            count = arguments.pop("count")
            pairs = []
            for turn in range(count):
                coupling = {"class_path": "Coupling", "init_args": {**arguments, "invert": turn % 2 == 1}}
                pairs += [*make(arguments["mask"], turn), coupling]
            transforms[index : index + 1] = pairs


def with_actnorm(config: Config) -> None:
    put_before_every_coupling(config, lambda mask, turn: [{"class_path": "ActNorm"}])


def with_convolution(config: Config) -> None:
    def make(mask: str, turn: int) -> list[Config]:
        # Checkerboard masks are used on one channel, where there is nothing to mix.
        convolution = {"class_path": "InvertibleConv1x1", "init_args": {"seed": turn}}
        return [] if mask.endswith("checkerboard") else [convolution]

    put_before_every_coupling(config, make)


def with_conditional_prior(config: Config) -> None:
    *_, split = config["model"]["init_args"]["transforms"]
    conditioner = {"class_path": "genera.networks.GatedConvNet", "init_args": {"width": 48, "num_blocks": 1}}
    split["init_args"]["prior"] = {
        "class_path": "ConditionalSplitPrior",
        "init_args": {"elementwise": "Affine", "conditioner": conditioner},
    }


def with_learned_base(config: Config) -> None:
    config["model"]["init_args"]["base"] = "DiagonalGaussian"


def with_couplings(count: int, config: Config) -> None:
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for transform in transforms:
            if transform["class_path"] == "Couplings":
                transform["init_args"]["count"] = count


def with_width(factor: float, config: Config) -> None:
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for transform in transforms:
            if transform["class_path"] == "Couplings":
                arguments = transform["init_args"]["conditioner"]["init_args"]
                arguments["width"] = round(factor * arguments["width"])


def changed(recipe: str, change: Callable[[Config], None] = lambda config: None, *, budget: str = "20m") -> Variant:
    """A shipped recipe with one change applied."""
    config = resolved(recipe)
    change(config)
    return Variant(config, (*SETTINGS, "--budget", budget))


#: The report's flow, on each of three machines, so that every variant is compared on its own machine, and longer.
REPORTS, FASTER, LONGER, THIRD = (
    "the report's: 4 + 4 + 4 couplings",
    "the report's, on a faster machine",
    "the report's, for a minute more",
    "the report's, on a third machine",
)
PARTS = (
    "one scale, uniform dequantization",
    "one scale, variational dequantization",
    "… with ActNorm",
    "… with invertible 1×1 convolutions",
    "… with a conditional split prior",
    "… with a learned base",
)
MORE = "… with 6 + 6 + 6 couplings"
SIZES = ("… with 2 + 2 + 4 couplings", "… with half the width", "… with one and a half times the width")


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write the bits/dim of every image."""
    model = trained.load()
    assert has_density(model)
    images = trained.open_data().split("validation").first(NUM_IMAGES)
    bits = bits_per_dim(log_probs(model, images), model.spec.num_dims)
    np.savetxt(folder / BITS, bits.numpy(), fmt="%.5f")


def bits_of(variant: str) -> np.ndarray:
    """Bits/dim of every image."""
    return np.loadtxt(STUDY.variant_folder(variant) / BITS)


def row(variant: str, base: str) -> tuple[str, ...]:
    """A row of a table: bits/dim of a variant, their difference to a base, and the cost."""
    environment, bits = STUDY.environment(variant), bits_of(variant)
    # The difference is paired by image, so that the variation between images does not widen its interval.
    gain = bits - bits_of(base)
    against = f"{gain.mean():+.4f} ± {1.96 * gain.std(ddof=1) / len(gain) ** 0.5:.4f}" if variant != base else ""
    cost = f"{environment['parameters']:,}", f"{environment['images_per_second']:.1f}", f"{environment['steps']:,}"
    return variant, f"{bits.mean():.4f}", against, *cost, f"{environment['cpu_seconds'] / 60:.1f}"


def tables() -> dict[str, str]:
    """The tables, by name."""
    parts = [row(variant, REPORTS) for variant in (REPORTS, *PARTS)]
    sizes = [row(variant, FASTER) for variant in (FASTER, LONGER, *SIZES)]
    more = [row(variant, THIRD) for variant in (THIRD, MORE)]
    return {"parts": table(COLUMNS, parts), "sizes": table(COLUMNS, sizes), "couplings": table(COLUMNS, more)}


def report() -> None:
    """Write the tables and the figure."""
    for name, text in tables().items():
        (STUDY.folder / f"{name}.md").write_text(text)
    with style():
        save_figure(curves_figure(), STUDY.folder / "curves")
    print(STUDY.folder)


def curves_figure() -> Figure:
    """Bits/dim of training batches over time, and at the end those of validation images."""
    figure = Figure(figsize=(12, 5.6))
    panels = figure.subplots(1, 3, sharey=True)
    ends = []
    for axes, variants in zip(panels, ((REPORTS, *PARTS), (FASTER, *SIZES), (THIRD, MORE)), strict=True):
        for index, variant in enumerate(variants):
            metrics = read_table(STUDY.variant_folder(variant) / "metrics.csv")
            # The last row is the mean of fewer steps.
            whole = {step: columns for step, columns in metrics.items() if step % ROW == 0}
            minutes, bits = against_time(whole, "train/bits_per_dim")
            (line,) = axes.plot(minutes, bits, ("-", "--")[index % 2], label=variant)
            ends.append(bits_of(variant).mean())
            axes.plot(
                metrics[max(metrics)]["seconds"] / 60,
                ends[-1],
                "os^Dv"[index % 5],
                color=line.get_color(),
                markersize=5,
            )
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14))
        axes.set_xlabel("minutes of training on one thread")
    panels[0].set_ylabel("bits/dim, MNIST")
    panels[0].set_ylim(min(ends) - 0.01, max(ends) + 0.1)
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "flow_ablation",
    variants={
        REPORTS: changed("realnvp"),
        PARTS[0]: changed("realnvp_simple_uniform"),
        PARTS[1]: changed("realnvp_simple_vardeq"),
        PARTS[2]: changed("realnvp", with_actnorm),
        PARTS[3]: changed("realnvp", with_convolution),
        PARTS[4]: changed("realnvp", with_conditional_prior),
        PARTS[5]: changed("realnvp", with_learned_base),
        FASTER: changed("realnvp", budget="14m"),
        LONGER: changed("realnvp", budget="15m"),
        SIZES[0]: changed("realnvp_tutorial", budget="14m"),
        SIZES[1]: changed("realnvp", partial(with_width, 0.5), budget="14m"),
        SIZES[2]: changed("realnvp", partial(with_width, 1.5), budget="14m"),
        THIRD: replace(changed("realnvp", budget="14m"), machine="third"),
        MORE: changed("realnvp", partial(with_couplings, 6), budget="14m"),
    },
    measure=measure,
    result_file=BITS,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
