"""A study: trainings that are compared with each other, run by the command line and resumable.

Trainings run on all cores, and other programs slow some of them: run studies on an otherwise idle machine. The CPU time
of each training is in its ``environment.json``.
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
from genera.runs.run_directory import RunDirectory, runs_root
from genera.zoo import TrainedModel, find_model

Config = dict[str, Any]
#: Files of every run that a study stores next to its measurements.
FILES = ("config.yaml", "environment.json", "metrics.csv")


@dataclass(frozen=True)
class Variant:
    """One training of a study.

    Args:
        recipe: name of a shipped recipe, or a recipe.
        arguments: further arguments of ``genera train``.
        machine: where it is trained, if the same training was repeated on another machine.
    """

    recipe: str | Config
    arguments: tuple[str, ...] = ()
    machine: str = ""

    def config(self) -> Config:
        """The recipe as plain data."""
        return resolved(self.recipe)


@dataclass(frozen=True)
class Study:
    """Variants that each differ in one setting.

    Args:
        folder: for table, figures and the files of every variant.
        variants: by their name in the table.
        measure: measures a trained variant and writes the results into a folder.
        result_file: name of a file that ``measure`` writes; if it exists, the variant has been measured.
        report: writes table and figures from the files.
    """

    folder: Path
    variants: Mapping[str, Variant]
    measure: Callable[[TrainedModel, Path], None]
    result_file: str
    report: Callable[[], None]

    def variant_folder(self, variant: str) -> Path:
        """The folder of a variant's files."""
        return self.folder / slug(variant)

    def measured_variants(self) -> list[str]:
        """Names of the variants that have been measured."""
        return [variant for variant in self.variants if (self.variant_folder(variant) / self.result_file).is_file()]

    def environment(self, variant: str) -> dict[str, Any]:
        """Hardware, steps and cost of a variant's training."""
        return read_environment(self.variant_folder(variant) / "environment.json")

    def epochs(self, variant: str) -> str:
        """Number of passes over the 50,000 training images."""
        batch_size = yaml.safe_load((self.variant_folder(variant) / "config.yaml").read_text())["batch_size"]
        return f"{self.environment(variant)['steps'] * batch_size / 50_000:.1f}"

    def train(self, variant: str) -> None:
        """Train a variant or resume its training, measure it, and store its files."""
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
                    # JSON has no aliases, which YAML would use for parts of a recipe that are the same object.
                    file.write_text(yaml.safe_dump(json.loads(json.dumps(recipe)), sort_keys=False))
                    recipe = str(file)
                command = [*genera, recipe, "--out", str(run), *self.variants[variant].arguments]
            with (root / f"{slug(variant)}.log").open("a") as log:
                subprocess.run(command, check=True, stderr=log, stdout=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
        folder = self.variant_folder(variant)
        folder.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copy(run / file, folder / file)
        self.measure(find_model(str(run)), folder)
        print(folder)

    def main(self, description: str) -> None:
        """The command: ``train [VARIANT …]`` or ``report``."""
        parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("task", choices=["train", "report"])
        parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of: {'; '.join(self.variants)}")
        options = parser.parse_args()
        if unknown := [variant for variant in options.variants if variant not in self.variants]:
            parser.error(f"unknown variant {unknown[0]!r}")
        if options.task == "report":
            self.report()
            return
        missing = [name for name in options.variants or self.variants if name not in self.measured_variants()]
        # A variant is measured on the core of its own training, while other trainings run.
        torch.set_num_threads(1)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.train, missing))


def resolved(recipe: str | Config) -> Config:
    """A copy of a recipe as plain data without aliases, so that changing one part changes no other."""
    config = yaml.safe_load(find_recipe(recipe).read_text()) if isinstance(recipe, str) else recipe
    return json.loads(json.dumps(config))


def slug(variant: str) -> str:
    """A variant's name as the name of a folder."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in variant).split())


def is_finished(run: Path) -> bool:
    """Whether a training is finished."""
    environment = RunDirectory(run).read_environment()
    return environment is not None and environment["finished"]


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (columns, ("---",) * len(columns), *rows))
