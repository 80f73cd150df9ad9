"""What each part of the report's RealNVP is worth, at equal time on MNIST.

``python docs/ablation.py train [VARIANT …]`` trains the variants that have no result yet, each for twenty minutes on
one thread, as many at once as there are cores, in ``$GENERA_RUNS/ablation``; interrupted, it goes on where it was.
``python docs/ablation.py report`` writes the table and the figure of ``docs/ablation`` from the files there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from matplotlib.figure import Figure

from genera.reporting.style import save_figure, style
from genera.training.recipes import find_recipe
from genera.training.runs import read_table, runs_root

FOLDER = Path(__file__).parent / "ablation"
BUDGET = "20m"
SETTINGS = (
    *("--batch_size", "8", "--task.optimizer.lr", "1.5e-3", "--task.average_decay", "0.998"),
    *("--validate_every", "0.2", "--validation_images", "2000"),
    *("--task.schedule", "{class_path: Cosine, init_args: {warmup: 0.02}}"),
)
FILES = ("config.yaml", "environment.json", "metrics.csv")

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


def with_half_the_width(config: Config) -> None:
    for transforms in scales_of(config["model"]["init_args"]["transforms"]):
        for transform in transforms:
            if transform["class_path"] == "Couplings":
                transform["init_args"]["conditioner"]["init_args"]["width"] //= 2


def unchanged(config: Config) -> None:
    pass


#: Recipe and change by the variant's name in the table.
VARIANTS: dict[str, tuple[str, Callable[[Config], None]]] = {
    "one scale, uniform dequantization": ("realnvp_simple_uniform", unchanged),
    "one scale, variational dequantization": ("realnvp_simple_vardeq", unchanged),
    "the report's: 4 + 4 + 4 couplings": ("realnvp", unchanged),
    "… with 2 + 2 + 4 couplings": ("realnvp_tutorial", unchanged),
    "… with half the width": ("realnvp", with_half_the_width),
    "… with ActNorm": ("realnvp", with_actnorm),
    "… with invertible 1×1 convolutions": ("realnvp", with_convolution),
    "… with a conditional split prior": ("realnvp", with_conditional_prior),
    "… with a learned base": ("realnvp", with_learned_base),
}


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
    genera = [sys.executable, "-m", "genera.cli", "train"]
    if (run / "checkpoints" / "last.ckpt").is_file():
        command = [*genera, "--resume", str(run)]
    else:
        root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(run, ignore_errors=True)
        recipe.write_text(yaml.safe_dump(recipe_of(variant), sort_keys=False))
        command = [*genera, str(recipe), "--out", str(run), "--data", "mnist", "--budget", BUDGET, *SETTINGS]
    with (root / f"{slug(variant)}.log").open("a") as log:
        subprocess.run(command, check=True, stderr=log, stdout=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
    kept = FOLDER / slug(variant)
    kept.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(run / file, kept / file)
    print(kept)


def curve(variant: str) -> tuple[np.ndarray, list[float]]:
    """Minutes and validation bits/dim of a variant."""
    table = read_table(FOLDER / slug(variant) / "metrics.csv")
    seconds = {0: 0.0} | {step: row["seconds"] for step, row in table.items() if "seconds" in row}
    bits = {step: row["validation/bits_per_dim"] for step, row in table.items() if "validation/bits_per_dim" in row}
    # A validation falls between two rows that know the time.
    minutes = np.interp(list(bits), list(seconds), list(seconds.values())) / 60
    return minutes, list(bits.values())


def report() -> None:
    """Write the table and the figure."""
    done = [variant for variant in VARIANTS if (FOLDER / slug(variant) / "metrics.csv").is_file()]
    rows = []
    figure = Figure(figsize=(7, 4.5))
    axes = figure.add_subplot()
    for variant in done:
        environment = json.loads((FOLDER / slug(variant) / "environment.json").read_text())
        minutes, bits = curve(variant)
        cost = f"{environment['parameters']:,} | {environment['images_per_second']:.1f} | {environment['steps']:,}"
        rows.append(f"| {variant} | {bits[-1]:.3f} | {cost} |\n")
        axes.plot(minutes, bits, marker="o", markersize=3, label=variant)
    axes.set(xlabel="minutes of training on one thread", ylabel="validation bits/dim, MNIST")
    axes.legend(fontsize=7)
    with style():
        save_figure(figure, FOLDER / "ablation")
    header = "| flow | validation bits/dim | parameters | images/s | steps |\n|---|---|---|---|---|\n"
    (FOLDER / "table.md").write_text(header + "".join(rows))
    print(FOLDER / "table.md")


if __name__ == "__main__":
    task, *names = sys.argv[1:]
    if task == "report":
        report()
    else:
        missing = [name for name in names or VARIANTS if not (FOLDER / slug(name) / "metrics.csv").is_file()]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(train, missing))
