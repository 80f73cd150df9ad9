"""``genera train``: a recipe, or a run to resume."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from genera.commands.typed_command import split_dataset
from genera.config.data_section import data_section
from genera.config.shipped_recipes import find_recipe, recipe_paths
from genera.runs.run_directory import RunDirectory
from genera.runs.yaml_files import read_yaml
from genera.training.recipe import training_parser
from genera.training.result import TrainingResult
from genera.training.start import how_to_resume, train_or_resume

_USAGE = """\
usage: genera train RECIPE [--data NAME] [--budget 20m] [--key value …]
       genera train --resume RUN [--budget 1h] [--max_epochs N] [--max_steps N]

RECIPE is the name of a shipped recipe or the path of a YAML file; it comes first. Shipped:
  {recipes}
Every setting of the recipe can be given here as well, nested ones with dots:
  genera train realnvp_digits --task.optimizer.lr 1e-3 --max_epochs 20
With --budget the training takes that time, and every schedule spans it. Ctrl-C saves a checkpoint; --resume continues
exactly where a run stopped, killed or not. The run directory is printed last.

  --out DIR        the run directory; by default a numbered one in $GENERA_RUNS or ./runs
  --allow PACKAGE  let the recipe name classes of this package too; only give packages you trust
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command.

    Returns:
        0, or 128 + N where signal N stopped the training.

    Raises:
        ValueError: bad input.
        NonFiniteLoss: the loss was not finite.
        OSError: the run directory cannot be written.
    """
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    own.add_argument("--resume", type=Path)
    own.add_argument("--out", type=Path)
    own.add_argument("--allow", action="append", default=[])
    own.add_argument("-h", "--help", action="store_true")
    try:
        options, words = own.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise ValueError(str(error)) from error
    recipe = words.pop(0) if words and not words[0].startswith("-") else None
    data, words = split_dataset(words)
    # Lightning sets it for the other processes of a ddp training, which run this as well.
    is_first = "LOCAL_RANK" not in os.environ
    if options.help or not arguments:
        _print_help(recipe, data)
        return 0
    if (recipe is None) == (options.resume is None) or (options.resume and options.out):
        raise ValueError("give either the recipe to train, first, or --resume RUN alone; genera train --help explains")
    result = train_or_resume(
        recipe,
        words if data is None else [f"--data.name={data}", *words],
        # A resumed run rejects another data set as it does other settings.
        data=None if recipe is None else data,
        out=options.out,
        resume=options.resume,
        allow=options.allow,
        is_command=True,
    )
    if result.stop_reason in ("SIGINT", "SIGTERM"):
        return stopped(result)
    if is_first:
        print(result.run)
    return 0


def stopped(result: TrainingResult) -> int:
    """Print how to resume a training that a signal stopped, and return the exit code."""
    print(f"stopped; {how_to_resume(RunDirectory(result.run))}", file=sys.stderr)
    return 128 + signal.Signals[result.stop_reason]


def _print_help(recipe: str | None, dataset: str | None) -> None:
    print(_USAGE.format(recipes="\n  ".join(recipe_paths())))
    if dataset is None:
        dataset = "digits" if recipe is None else data_section(read_yaml(find_recipe(recipe)))["name"]
    settings = training_parser(dataset).format_help()
    print("settings" + settings[settings.index(":", settings.index("options")) :])
