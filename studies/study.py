"""Trainings that are compared with each other: each by the command line, resumable, its files kept beside the table.

They take up every core for as long as they last, and what else the machine does then is taken from some of them: leave
it alone. How much of its time each had the processor stands in its ``environment.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from genera.config.shipped_recipes import find_recipe
from genera.runs.readers import read_environment
from genera.runs.run_directory import runs_root
from genera.zoo import TrainedModel, find_model

Config = dict[str, Any]
#: What is kept of every run, besides what was measured.
FILES = ("config.yaml", "environment.json", "metrics.csv")


@dataclass(frozen=True)
class Variant:
    """One of the trainings.

    Args:
        recipe: name of a shipped recipe, or a recipe.
        arguments: of ``genera train``, after it.
    """

    recipe: str | Config
    arguments: tuple[str, ...] = ()

    def config(self) -> Config:
        """The recipe as plain data."""
        return resolved(self.recipe)


@dataclass(frozen=True)
class Study:
    """Variants that differ in one thing each.

    Args:
        folder: where table, figures and the files of every variant go.
        variants: by their name in the table.
        measure: writes what it measures of a trained variant into a folder.
        measured: the file whose presence there says that this is done.
        report: writes table and figures from the files.
    """

    folder: Path
    variants: Mapping[str, Variant]
    measure: Callable[[TrainedModel, Path], None]
    measured: str
    report: Callable[[], None]

    def kept(self, variant: str) -> Path:
        """The folder of a variant."""
        return self.folder / slug(variant)

    def done(self) -> list[str]:
        """Names of the variants that have been measured."""
        return [variant for variant in self.variants if (self.kept(variant) / self.measured).is_file()]

    def environment(self, variant: str) -> dict[str, Any]:
        """What a variant cost."""
        return read_environment(self.kept(variant) / "environment.json")

    def epochs(self, variant: str) -> str:
        """Passes over the 50,000 training images that a variant made."""
        batch_size = yaml.safe_load((self.kept(variant) / "config.yaml").read_text())["batch_size"]
        return f"{self.environment(variant)['steps'] * batch_size / 50_000:.1f}"

    def train(self, variant: str) -> None:
        """Train a variant, or go on with it, measure it, and keep its files."""
        root = runs_root() / self.folder.name
        run, recipe = root / slug(variant), self.variants[variant].recipe
        if not is_finished(run):
            genera = [sys.executable, "-m", "genera.cli", "train"]
            if (run / "checkpoints" / "last.ckpt").is_file():
                command = [*genera, "--resume", str(run)]
            else:
                shutil.rmtree(run, ignore_errors=True)
                root.mkdir(parents=True, exist_ok=True)
                if not isinstance(recipe, str):
                    file = root / f"{slug(variant)}.yaml"
                    # By way of JSON, which has no aliases: parts of a recipe may be one and the same.
                    file.write_text(yaml.safe_dump(json.loads(json.dumps(recipe)), sort_keys=False))
                    recipe = str(file)
                command = [*genera, recipe, "--out", str(run), *self.variants[variant].arguments]
            with (root / f"{slug(variant)}.log").open("a") as log:
                subprocess.run(command, check=True, stderr=log, stdout=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
        kept = self.kept(variant)
        kept.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copy(run / file, kept / file)
        self.measure(find_model(str(run)), kept)
        print(kept)

    def main(self, description: str) -> None:
        """The command: ``train [VARIANT …]`` or ``report``."""
        parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("task", choices=["train", "report"])
        parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of: {'; '.join(self.variants)}")
        options = parser.parse_args()
        if unknown := [variant for variant in options.variants if variant not in self.variants]:
            parser.error(f"there is no variant {unknown[0]!r}")
        if options.task == "report":
            self.report()
            return
        missing = [name for name in options.variants or self.variants if name not in self.done()]
        # What is measured runs beside trainings, on the core that its own has left.
        torch.set_num_threads(1)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.train, missing))


def resolved(recipe: str | Config) -> Config:
    """A recipe as plain data of its own: aliases in it would share a change meant for one place."""
    config = yaml.safe_load(find_recipe(recipe).read_text()) if isinstance(recipe, str) else recipe
    return json.loads(json.dumps(config))


def slug(variant: str) -> str:
    """A variant's name as the name of a folder."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in variant).split())


def is_finished(run: Path) -> bool:
    """Whether a training has come to its end."""
    environment = run / "environment.json"
    return environment.is_file() and read_environment(environment)["finished"]


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (columns, ("---",) * len(columns), *rows))
