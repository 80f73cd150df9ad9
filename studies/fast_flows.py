"""The effect of each part of ``flow_fast`` at equal time on MNIST.

The parts were changed in the recipe before its last two changes, which resulted from this study: splines instead of
mixtures, and no clipping. There is one training each. The intervals cover only the choice of images; a row with another
seed shows the variation between seeds.

``python studies/fast_flows.py train [VARIANT …]`` trains the variants that have no result yet, for ten minutes on
one thread each, as many at once as there are cores, in ``$GENERA_RUNS/fast_flows``; run it again to resume after an
interruption. With ``report`` in place of ``train`` it writes table and figure into ``studies/fast_flows``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from study import Config, Study, Variant, resolved, table

from genera.core import bits_per_dim, has_density
from genera.evaluation import log_probs
from genera.reporting.style import save_figure, style
from genera.zoo import TrainedModel

SETTINGS = ("--data", "mnist", "--budget", "10m", "--validate_every", "1", "--validation_images", "1000")
BFLOAT16 = ("--precision", "bf16-mixed")
COLUMNS = ("flow", "validation bits/dim", "difference to the first", "parameters", "images/s", "steps", "CPU minutes")
#: Bits/dim of each of the first images of the validation split, with so many importance samples.
BITS, NUM_IMAGES, NUM_IMPORTANCE_SAMPLES = "validation-bits.txt", 2000, 8


def sections(config: Any, name: str) -> Iterator[Config]:
    """Yield every section of a recipe that has an entry of this name, at any depth."""
    if isinstance(config, dict):
        if name in config:
            yield config
        for value in config.values():
            yield from sections(value, name)
    elif isinstance(config, list):
        for value in config:
            yield from sections(value, name)


def with_adam(config: Config) -> None:
    config["task"]["init_args"]["optimizer"] = {"class_path": "torch.optim.Adam", "init_args": {"lr": 3e-3}}


def with_elementwise(name: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        # Only of the couplings: the prior of the factored-out half is affine already.
        for section in sections(config["model"], "count"):
            section["elementwise"] = name

    return change


def with_uniform_noise(config: Config) -> None:
    del config["model"]["init_args"]["dequantizer"]


def with_network(name: str, **arguments: int) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        for section in sections(config["model"], "conditioner"):
            section["conditioner"] = {"class_path": f"genera.networks.{name}", "init_args": arguments}

    return change


def with_depth(depth: int) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        for section in sections(config["model"]["init_args"]["transforms"], "depth"):
            section["depth"] = depth

    return change


def with_many_couplings(config: Config) -> None:
    """Twice as many couplings at 0.7 times the width, which keeps the number of multiplications."""
    for section in sections(config["model"]["init_args"]["transforms"], "count"):
        section["count"] *= 2
        section["conditioner"]["init_args"]["width"] = round(0.7 * section["conditioner"]["init_args"]["width"])


def with_masks(config: Config) -> None:
    for section in sections(config["model"], "whole_channels"):
        section["whole_channels"] = False


def without_split_prior(config: Config) -> None:
    for section in sections(config["model"], "prior"):
        del section["prior"]


def without_clipping(config: Config) -> None:
    config["task"]["init_args"]["clip_norm"] = None


def with_batches_of(size: int) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["batch_size"] = size

    return change


def changed(change: Callable[[Config], None] = lambda config: None, *arguments: str) -> Variant:
    """The recipe before its last two changes, with one change applied."""
    config = resolved("flow_fast")
    with_elementwise("LogisticMixture")(config)
    config["task"]["init_args"]["clip_norm"] = 100.0
    change(config)
    return Variant(config, (*SETTINGS, *(arguments or BFLOAT16)))


BASE = "mixtures, clipping at 100"
VARIANTS = {
    BASE: changed(),
    "another seed": changed(lambda config: None, *BFLOAT16, "--seed", "1"),
    "Adam in place of Muon": changed(with_adam),
    "affine couplings": changed(with_elementwise("Affine")),
    "rational-quadratic splines": changed(with_elementwise("RationalQuadraticSpline")),
    "uniform noise": changed(with_uniform_noise),
    "the report's networks, 32 channels": changed(with_network("GatedConvNet", width=32, num_blocks=3)),
    "residual networks, 64 channels": changed(with_network("ResidualConvNet", width=64, num_blocks=1)),
    "networks of two layers": changed(with_depth(2)),
    "twice the couplings, 0.7 times the width": changed(with_many_couplings),
    "masks in place of whole channels": changed(with_masks),
    "no prior for the factored-out half": changed(without_split_prior),
    "batches of 128": changed(with_batches_of(128)),
    "no clipping": changed(without_clipping),
    "float32": changed(lambda config: None, "--precision", "32-true"),
    "flow_fast: splines, no clipping": Variant(resolved("flow_fast"), (*SETTINGS, *BFLOAT16)),
}


def measure(trained: TrainedModel, folder: Path) -> None:
    """Write the bits/dim of every image."""
    model = trained.load()
    assert has_density(model)
    images = trained.open_data().split("validation").first(NUM_IMAGES)
    log_prob = log_probs(model, images, num_importance_samples=NUM_IMPORTANCE_SAMPLES)
    np.savetxt(folder / BITS, bits_per_dim(log_prob, model.spec.num_dims).numpy(), fmt="%.5f")


def bits_of(variant: str) -> np.ndarray:
    """Bits/dim of every image."""
    return np.loadtxt(STUDY.variant_folder(variant) / BITS)


def row(variant: str) -> tuple[str, ...]:
    """Bits/dim of a variant, their difference to the first variant, and the cost."""
    environment, bits = STUDY.environment(variant), bits_of(variant)
    # The difference is paired by image, so that the variation between images does not widen its interval.
    loss = bits - bits_of(BASE)
    against = f"{loss.mean():+.3f} ± {1.96 * loss.std(ddof=1) / len(loss) ** 0.5:.3f}" if variant != BASE else ""
    cost = f"{environment['parameters']:,}", f"{environment['images_per_second']:.0f}", f"{environment['steps']:,}"
    return variant, f"{bits.mean():.3f}", against, *cost, f"{environment['cpu_seconds'] / 60:.1f}"


def tables() -> dict[str, str]:
    """The table, by its name."""
    return {"levers": table(COLUMNS, [row(variant) for variant in VARIANTS])}


def report() -> None:
    """Write the table and the figure."""
    for name, text in tables().items():
        (STUDY.folder / f"{name}.md").write_text(text)
    with style():
        save_figure(levers_figure(), STUDY.folder / "levers")
    print(STUDY.folder)


def levers_figure() -> Figure:
    """The loss of each change, sorted by its size."""
    losses = {variant: bits_of(variant) - bits_of(BASE) for variant in VARIANTS if variant != BASE}
    order = sorted(losses, key=lambda variant: losses[variant].mean())
    figure = Figure(figsize=(7, 3.6))
    axes = figure.subplots()
    axes.barh(order, [losses[variant].mean() for variant in order])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("bits/dim lost, ten minutes of one thread, MNIST")
    return figure


STUDY = Study(
    folder=Path(__file__).parent / "fast_flows", variants=VARIANTS, measure=measure, result_file=BITS, report=report
)

if __name__ == "__main__":
    STUDY.main(__doc__)
