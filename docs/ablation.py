"""What each part of the report's RealNVP is worth, at equal time on MNIST.

``python docs/ablation.py train [VARIANT …]`` trains the variants that have no result yet, each for twenty minutes on
one thread, as many at once as there are cores, in ``$GENERA_RUNS/ablation``; interrupted, it goes on where it was.
``python docs/ablation.py report`` writes the table and the figure of ``docs/ablation`` from the files there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from matplotlib.figure import Figure

from genera.core import bits_per_dim
from genera.evaluation.likelihood import log_probs
from genera.reporting.curves import against_time
from genera.reporting.style import save_figure, style
from genera.training.recipes import find_recipe
from genera.training.runs import read_table, runs_root
from genera.zoo import find_model

FOLDER = Path(__file__).parent / "ablation"
BUDGET = "20m"
SETTINGS = (
    *("--batch_size", "8", "--task.optimizer.lr", "1.5e-3", "--task.average_decay", "0.998"),
    *("--validate_every", "0.2", "--validation_images", "2000"),
    *("--task.schedule", "{class_path: Cosine, init_args: {warmup: 0.02}}"),
)
FILES = ("config.yaml", "environment.json", "metrics.csv")
#: Bits/dim of every image, one draw each, of the first so many of the validation split.
BITS, NUM_IMAGES = "validation-bits.txt", 2000

Config = dict[str, Any]


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


def unchanged(config: Config) -> None:
    pass


#: Recipe and change by the variant's name in the table.
VARIANTS: dict[str, tuple[str, Callable[[Config], None]]] = {
    "one scale, uniform dequantization": ("realnvp_simple_uniform", unchanged),
    "one scale, variational dequantization": ("realnvp_simple_vardeq", unchanged),
    "the report's: 4 + 4 + 4 couplings": ("realnvp", unchanged),
    "… with 2 + 2 + 4 couplings": ("realnvp_tutorial", unchanged),
    "… with half the width": ("realnvp", partial(with_width, 0.5)),
    "… with one and a half times the width": ("realnvp", partial(with_width, 1.5)),
    "… with ActNorm": ("realnvp", with_actnorm),
    "… with invertible 1×1 convolutions": ("realnvp", with_convolution),
    "… with a conditional split prior": ("realnvp", with_conditional_prior),
    "… with a learned base": ("realnvp", with_learned_base),
}


#: What the others are compared with.
BASE = "the report's: 4 + 4 + 4 couplings"


def slug(variant: str) -> str:
    """A variant's name as the name of a folder."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in variant).split())


def recipe_of(variant: str) -> Config:
    """The complete recipe of a variant."""
    name, change = VARIANTS[variant]
    # Aliases of the recipe would share a change meant for one place.
    config = json.loads(json.dumps(yaml.safe_load(find_recipe(name).read_text())))
    change(config)
    return config


def train(variant: str) -> None:
    """Train a variant, or go on with it, and keep its files."""
    root = runs_root() / "ablation"
    run, recipe = root / slug(variant), root / f"{slug(variant)}.yaml"
    if not is_finished(run):
        genera = [sys.executable, "-m", "genera.cli", "train"]
        if (run / "checkpoints" / "last.ckpt").is_file():
            command = [*genera, "--resume", str(run)]
        else:
            shutil.rmtree(run, ignore_errors=True)
            root.mkdir(parents=True, exist_ok=True)
            recipe.write_text(yaml.safe_dump(recipe_of(variant), sort_keys=False))
            command = [*genera, str(recipe), "--out", str(run), "--data", "mnist", "--budget", BUDGET, *SETTINGS]
        with (root / f"{slug(variant)}.log").open("a") as log:
            subprocess.run(command, check=True, stderr=log, stdout=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
    kept = FOLDER / slug(variant)
    kept.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(run / file, kept / file)
    trained = find_model(str(run))
    model = trained.load()
    images = trained.open_data().split("validation").subset(torch.arange(NUM_IMAGES))
    bits = bits_per_dim(log_probs(model, images), model.spec.num_dims)
    np.savetxt(kept / BITS, bits.numpy(), fmt="%.5f")
    print(kept)


def is_finished(run: Path) -> bool:
    environment = run / "environment.json"
    return environment.is_file() and json.loads(environment.read_text())["finished"]


def report() -> None:
    """Write the table and the figure."""
    done = [variant for variant in VARIANTS if (FOLDER / slug(variant) / BITS).is_file()]
    base = np.loadtxt(FOLDER / slug(BASE) / BITS)
    rows = []
    for variant in done:
        environment = json.loads((FOLDER / slug(variant) / "environment.json").read_text())
        bits = np.loadtxt(FOLDER / slug(variant) / BITS)
        # Of the same images: what they differ in among themselves does not blur the difference.
        gain = bits - base
        margin = 1.96 * gain.std(ddof=1) / len(gain) ** 0.5
        against = "" if variant == BASE else f"{gain.mean():+.4f} ± {margin:.4f}"
        cost = f"{environment['parameters']:,} | {environment['images_per_second']:.1f} | {environment['steps']:,}"
        rows.append(f"| {variant} | {bits.mean():.4f} | {against} | {cost} |\n")
    columns = ("flow", "validation bits/dim", "against the report's", "parameters", "images/s", "steps")
    header = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n"
    (FOLDER / "table.md").write_text(header + "".join(rows))
    with style():
        save_figure(figure_of(done), FOLDER / "ablation")
    print(FOLDER / "table.md")


def figure_of(variants: Sequence[str]) -> Figure:
    """Validation bits/dim of the variants against time."""
    figure = Figure(figsize=(7, 4.5))
    axes = figure.add_subplot()
    every_bit = []
    for index, variant in enumerate(variants):
        minutes, bits = against_time(read_table(FOLDER / slug(variant) / "metrics.csv"), "validation/bits_per_dim")
        every_bit += bits
        axes.plot(
            minutes, bits, marker="os^Dv"[index % 5], linestyle=("-", "--")[index % 2], markersize=4, label=variant
        )
    low, high = min(every_bit), float(np.percentile(every_bit, 75))
    axes.set_ylim(low - 0.05 * (high - low), high)
    axes.set(xlabel="minutes of training on one thread", ylabel="validation bits/dim, MNIST")
    axes.legend(fontsize=7)
    return figure


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["train", "report"])
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of: {'; '.join(VARIANTS)}")
    options = parser.parse_args()
    if unknown := [variant for variant in options.variants if variant not in VARIANTS]:
        parser.error(f"there is no variant {unknown[0]!r}")
    if options.task == "report":
        report()
        return
    missing = [name for name in options.variants or VARIANTS if not (FOLDER / slug(name) / BITS).is_file()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(train, missing))


if __name__ == "__main__":
    main()
