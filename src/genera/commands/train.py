"""``genera train``: a recipe, or a run to go on with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genera.commands.typed_command import data_name, with_data_name
from genera.config.recipes import data_section, find_recipe, recipe_paths
from genera.data import ImageDataset, describe_difference
from genera.runs.checkpoints import MAY_CHANGE
from genera.runs.environment import has_bfloat16, is_on_processor
from genera.runs.run_directory import RunDirectory, read_yaml
from genera.training.callbacks.checkpointer import Interrupted
from genera.training.settings import Settings, training_parser
from genera.training.tasks.task import NonFiniteLoss
from genera.training.train import train

_USAGE = """\
usage: genera train RECIPE [--data NAME] [--budget 20m] [--key value …]
       genera train --resume RUN [--budget 1h] [--max_epochs N] [--max_steps N]

RECIPE is the name of a shipped recipe or the path of a YAML file; it comes first. Shipped:
  {recipes}
Every setting of the recipe can be given here as well, nested ones with dots:
  genera train realnvp_digits --task.optimizer.lr 1e-3 --max_epochs 20
With --budget the training takes that time, and every schedule spans it. Ctrl-C saves a checkpoint; --resume goes on
exactly where a run stopped, killed or not. The run directory is printed last.

  --out DIR        the run directory; a numbered one in $GENERA_RUNS or ./runs where omitted
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
        options, overrides = own.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise ValueError(str(error)) from error
    recipe = overrides.pop(0) if overrides and not overrides[0].startswith("-") else None
    if options.help or not arguments:
        _print_help(recipe, data_name(overrides))
        return 0
    if recipe is not None and options.resume is None:
        return train_recipe(recipe, overrides, out=options.out, allow=options.allow)
    if recipe is None and options.resume is not None and options.out is None:
        return resume_run(options.resume, overrides, allow=options.allow)
    raise ValueError("give either the recipe to train, first, or --resume RUN alone; genera train --help explains")


def train_recipe(
    recipe: str, overrides: Sequence[str] = (), *, out: Path | None = None, allow: Sequence[str] = ()
) -> int:
    """Train a recipe in a new run directory and print where it is.

    Args:
        recipe: name or path.
        overrides: settings as on the command line.
        out: the run directory; a numbered one where omitted.
        allow: packages to trust.

    Returns:
        The exit code.

    Raises:
        ValueError, NonFiniteLoss, OSError: see :func:`main`.
    """
    path = find_recipe(recipe)
    config = read_yaml(path)
    chosen = data_name(overrides)
    if chosen is not None and chosen != _named(config):
        config["data"] = {"name": chosen}
    settings = Settings(config, with_data_name(overrides), allow=allow)
    data, arguments = settings.open_data(), settings.arguments()
    is_new = out is None or not out.exists()
    run = _new_run(out, f"{path.stem}-{data.name}")
    with _locked(run):
        if "LOCAL_RANK" not in os.environ and run.has_files:
            # Somebody else has trained here since it was found empty.
            raise ValueError(f"{run.path} is not empty: name another --out")
        run.write_config(
            {"recipe": path.stem, **settings.as_config(), "spec": asdict(data.spec), "images": data.contents()}
        )
        try:
            return _train(data, run, arguments)
        except (ValueError, KeyboardInterrupt):
            # The settings did not fit the data, or there was a change of mind. Where nothing but the settings has been
            # written, nothing is left behind.
            if run.has_only_settings:
                run.clear(keep_folder=not is_new)
            raise


def resume_run(path: Path, overrides: Sequence[str] = (), *, allow: Sequence[str] = ()) -> int:
    """Go on with a run from its last checkpoint.

    Args:
        path: the run directory.
        overrides: settings as on the command line; only those that leave it the same run.
        allow: packages to trust.

    Returns:
        The exit code.

    Raises:
        ValueError, NonFiniteLoss, OSError: see :func:`main`.
    """
    run = RunDirectory.open(path)
    with _locked(run):
        config = run.read_config()
        recipe, spec, images = (config.pop(name, None) for name in ("recipe", "spec", "images"))
        settings = Settings(config, with_data_name(overrides), allow=allow)
        resolved = settings.as_config()
        fixed = (resolved.keys() & config.keys()) - MAY_CHANGE
        changed = sorted(key for key in fixed if resolved[key] != config[key])
        if changed:
            raise ValueError(
                f"--resume goes on with the same run and cannot change {', '.join(changed)}; start a new one"
            )
        data = settings.open_data()
        if asdict(data.spec) != spec:
            raise ValueError(
                f"{run.path} was trained on images {spec}, but {data.name} has {asdict(data.spec)} now: "
                "restore the pictures, or start a new run"
            )
        if images is None:
            raise ValueError(
                f"{run.path} is of an older version of Genera, which kept no record of its images: train anew"
            )
        if difference := describe_difference(images, data.contents()):
            raise ValueError(
                f"the images of {data.name} are not those that {run.path} was trained on ({difference}): "
                "restore them, or start a new run"
            )
        arguments = settings.arguments()
        resumed_config = {"recipe": recipe, **resolved, "spec": spec, "images": images}
        return _train(data, run, arguments, resumed_config=resumed_config)


def _locked(run: RunDirectory) -> AbstractContextManager[None]:
    """The lock of a run; the other processes of a ddp training work under that of the first."""
    is_another = "GENERA_RUN" in os.environ or os.environ.get("LOCAL_RANK", "0") != "0"
    return nullcontext() if "LOCAL_RANK" in os.environ and is_another else run.locked()


def _train(
    data: ImageDataset, run: RunDirectory, arguments: dict[str, Any], *, resumed_config: dict[str, Any] | None = None
) -> int:
    # Read before Lightning sets it for the other processes of a ddp training, which run this as well.
    first_process = "LOCAL_RANK" not in os.environ
    is_half = arguments["precision"] == "bf16-mixed"
    if first_process and is_half and is_on_processor(arguments["accelerator"]) and not has_bfloat16():
        print(
            "this processor has no bfloat16 instructions and emulates them, some ten times slower: "
            "--precision 32-true is faster",
            file=sys.stderr,
        )
    try:
        with _shared(run, has_others=first_process and arguments["devices"] > 1):
            train(data, run, resume=resumed_config is not None, **arguments)
    except Interrupted as interruption:
        print(f"stopped; {_way_on(run)}", file=sys.stderr)
        return 128 + interruption.signal_number
    except NonFiniteLoss as error:
        kept = (
            f"the checkpoint from before is {run.checkpoint}" if run.checkpoint.exists() else "there is no checkpoint"
        )
        raise NonFiniteLoss(f"{error}; {kept}") from error
    except OSError as error:
        raise OSError(f"{error}; what was written before is whole, {_way_on(run)}") from error
    if resumed_config is not None:
        run.write_config(resumed_config)
    if first_process:
        print(run.path)
    return 0


def _named(config: dict[str, Any]) -> str | None:
    """The data set a recipe names, where it names one."""
    return data_section(config)["name"] if config.get("data") else None


def _way_on(run: RunDirectory) -> str:
    if not run.checkpoint.exists():
        return "and there is no checkpoint to go on from yet"
    return f"go on with: genera train --resume {run.path}"


@contextmanager
def _shared(run: RunDirectory, *, has_others: bool) -> Iterator[None]:
    """Tell the other processes of a ddp training where its run is; where there are none, leave the environment alone.

    They inherit it. It is one for all threads, and each may train a run of its own.
    """
    if not has_others:
        yield
        return
    os.environ["GENERA_RUN"] = str(run.path)
    try:
        yield
    finally:
        os.environ.pop("GENERA_RUN", None)


def _new_run(out: Path | None, stem: str) -> RunDirectory:
    # Lightning starts the other processes of a ddp training with this same command line: they share the run.
    if "LOCAL_RANK" in os.environ and "GENERA_RUN" in os.environ:
        return RunDirectory(Path(os.environ["GENERA_RUN"]))
    return RunDirectory.create_numbered(stem) if out is None else RunDirectory.create(out)


def _print_help(recipe: str | None, dataset: str | None) -> None:
    print(_USAGE.format(recipes="\n  ".join(recipe_paths())))
    if dataset is None:
        dataset = "digits" if recipe is None else data_section(read_yaml(find_recipe(recipe)))["name"]
    settings = training_parser(dataset).format_help()
    print("settings" + settings[settings.index(":", settings.index("options")) :])
