"""What each part of the report's RealNVP is worth, at equal time on MNIST.

``python docs/studies/flow_ablation.py train [VARIANT …]`` trains the variants that have no result yet, each for twenty
minutes on one thread, as many at once as there are cores, in ``$GENERA_RUNS/flow_ablation``; interrupted, it goes on
where it was. ``python docs/studies/flow_ablation.py report`` writes the table and the figure of
``docs/studies/flow_ablation`` from the files there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from study import Config, Study, Variant, resolved, table

from genera.core import bits_per_dim, has_density
from genera.evaluation import log_probs
from genera.reporting.curves import against_time
from genera.reporting.style import save_figure, style
from genera.training.runs import read_table
from genera.zoo import TrainedModel

SETTINGS = (
    *("--data", "mnist", "--budget", "20m"),
    *("--batch_size", "8", "--task.optimizer.lr", "1.5e-3", "--task.average_decay", "0.998"),
    *("--validate_every", "0.2", "--validation_images", "2000"),
    *("--task.schedule", "{class_path: Cosine, init_args: {warmup: 0.02}}"),
)
#: Bits/dim of every image, one draw each, of the first so many of the validation split.
BITS, NUM_IMAGES = "validation-bits.txt", 2000


def scales_of(transforms: list[Config]) -> list[list[Config]]:
    """The lists of transforms of every scale, outermost first."""
    split = next((transform for transform in transforms if transform["class_path"] == "Split"), None)
    deeper = [] if split is None else scales_of(split["init_args"]["transforms"])
    return [transforms, *deeper]


def put_before_every_coupling(config: Config, make: Callable[[str, int], list[Config]]) -> None:
    """Put what ``make(mask, turn)`` gives before every single coupling."""
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for index, transform in reversed(list(enumerate(transforms))):
            if transform["class_path"] != "Couplings":
                continue
            arguments = dict(transform["init_args"])
            count = arguments.pop("count")
            pairs = []
            for turn in range(count):
                coupling = {"class_path": "Coupling", "init_args": {**arguments, "odd": turn % 2 == 1}}
                pairs += [*make(arguments["mask"], turn), coupling]
            transforms[index : index + 1] = pairs


def with_actnorm(config: Config) -> None:
    put_before_every_coupling(config, lambda mask, turn: [{"class_path": "ActNorm"}])


def with_convolution(config: Config) -> None:
    def make(mask: str, turn: int) -> list[Config]:
        # Checkerboards are where there is one channel, and nothing to mix.
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


def with_width(factor: float, config: Config) -> None:
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for transform in transforms:
            if transform["class_path"] == "Couplings":
                arguments = transform["init_args"]["conditioner"]["init_args"]
                arguments["width"] = round(factor * arguments["width"])


def changed(recipe: str, change: Callable[[Config], None] = lambda config: None) -> Variant:
    """A shipped recipe with one thing done to it."""
    config = resolved(recipe)
    change(config)
    return Variant(config, SETTINGS)


#: The report's, trained once in every sitting: trainings on different machines are not compared with each other.
BASES = ("the report's: 4 + 4 + 4 couplings", "the report's, in the second sitting")


def measure(trained: TrainedModel, folder: Path) -> None:
    """Bits/dim of every image."""
    model = trained.load()
    assert has_density(model)
    images = trained.open_data().split("validation").subset(torch.arange(NUM_IMAGES))
    bits = bits_per_dim(log_probs(model, images), model.spec.num_dims)
    np.savetxt(folder / BITS, bits.numpy(), fmt="%.5f")


def report() -> None:
    """Write the table and the figure."""
    sittings = STUDY.sittings(BASES)
    rows = []
    for base, others in sittings.items():
        of_base = np.loadtxt(STUDY.kept(base) / BITS)
        for variant in (base, *others):
            environment = STUDY.environment(variant)
            bits = np.loadtxt(STUDY.kept(variant) / BITS)
            # Of the same images: what they differ in among themselves does not blur the difference.
            gain = bits - of_base
            margin = 1.96 * gain.std(ddof=1) / len(gain) ** 0.5
            against = "" if variant == base else f"{gain.mean():+.4f} ± {margin:.4f}"
            cost = (
                f"{environment['parameters']:,}",
                f"{environment['images_per_second']:.1f}",
                f"{environment['steps']:,}",
                f"{environment['cpu_seconds'] / 60:.1f}",
            )
            rows.append((variant, f"{bits.mean():.4f}", against, *cost))
    columns = ("flow", "validation bits/dim", "against its base", "parameters", "images/s", "steps", "CPU minutes")
    (STUDY.folder / "table.md").write_text(table(columns, rows))
    with style():
        save_figure(figure_of(sittings), STUDY.folder / "curves")
    print(STUDY.folder)


def figure_of(sittings: Mapping[str, Sequence[str]]) -> Figure:
    """Validation bits/dim of the variants against time, each sitting beside the others."""
    figure = Figure(figsize=(10, 4.8))
    panels = figure.subplots(1, len(sittings), sharey=True, squeeze=False)[0]
    bits_of_all = []
    for axes, (base, others) in zip(panels, sittings.items(), strict=True):
        for index, variant in enumerate((base, *others)):
            minutes, bits = against_time(read_table(STUDY.kept(variant) / "metrics.csv"), "validation/bits_per_dim")
            bits_of_all += bits
            look = {"marker": "os^Dv"[index % 5], "linestyle": ("-", "--")[index % 2], "markersize": 4}
            axes.plot(minutes, bits, label=variant, **look)
        axes.set_xlabel("minutes of training on one thread")
        axes.legend(fontsize=7)
    low, high = min(bits_of_all), float(np.percentile(bits_of_all, 75))
    panels[0].set_ylim(low - 0.05 * (high - low), high)
    panels[0].set_ylabel("validation bits/dim, MNIST")
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "flow_ablation",
    variants={
        BASES[0]: changed("realnvp"),
        "one scale, uniform dequantization": changed("realnvp_simple_uniform"),
        "one scale, variational dequantization": changed("realnvp_simple_vardeq"),
        "… with ActNorm": changed("realnvp", with_actnorm),
        "… with invertible 1×1 convolutions": changed("realnvp", with_convolution),
        "… with a conditional split prior": changed("realnvp", with_conditional_prior),
        "… with a learned base": changed("realnvp", with_learned_base),
        BASES[1]: changed("realnvp"),
        "… with 2 + 2 + 4 couplings": changed("realnvp_tutorial"),
        "… with half the width": changed("realnvp", partial(with_width, 0.5)),
        "… with one and a half times the width": changed("realnvp", partial(with_width, 1.5)),
    },
    measure=measure,
    measured=BITS,
    report=report,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
