"""Start a training: a recipe in a new run directory, or a run that is resumed from its last checkpoint."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from genera.config.data_section import data_section
from genera.config.shipped_recipes import find_recipe
from genera.core.devices import choose_device, has_bfloat16
from genera.data import ImageDataset, describe_difference
from genera.runs.checkpoints import MAY_CHANGE
from genera.runs.run_directory import RunDirectory
from genera.runs.yaml_files import read_yaml
from genera.training.recipe import Recipe, as_words
from genera.training.result import TrainingResult
from genera.training.tasks import NonFiniteLoss
from genera.training.train import train as run_training


def train(
    recipe: str | None = None,
    *,
    data: str | None = None,
    budget: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    resume: Path | str | None = None,
    allow: Sequence[str] = (),
) -> TrainingResult:
    """Train a recipe in a new run directory, or resume a run from its last checkpoint.

    Args:
        recipe: name of a shipped recipe, or path of a YAML file.
        data: name of the data set; that of the recipe by default.
        budget: time to train, such as ``"20m"``; every schedule spans it.
        overrides: settings by name, nested ones with dots, such as ``{"task.optimizer.lr": 3e-3}``. Several devices are
            for the command ``genera train`` only.
        out: the run directory; by default a numbered one in ``$GENERA_RUNS`` or ``./runs``.
        resume: a run directory to resume, instead of a recipe; its length and what does not affect results may change.
        allow: packages whose classes the recipe may name; only trusted ones.

    Returns:
        The run, its metrics and the model; a notebook shows a table and samples. Ctrl-C ends a training with a
        checkpoint, and ``stop_reason`` tells.

    Raises:
        ValueError: a setting is unknown, wrong or does not fit the data; nothing is left behind.
        NonFiniteLoss: the loss was not finite; the last checkpoint is from before.
        OSError: the run directory cannot be written.

    Example:
        >>> import genera, tempfile
        >>> run = tempfile.mkdtemp()
        >>> result = genera.train("vae_digits", overrides={"max_steps": 2, "validation_images": 16}, out=run)
        >>> result.steps, result.stop_reason
        (2, 'finished')
        >>> result.load().sample(3).shape
        torch.Size([3, 1, 8, 8])
    """
    settings = dict(overrides or {})
    data = settings.pop("data.name", data)
    words = as_words(settings if budget is None else settings | {"budget": budget})
    return train_or_resume(recipe, words, data=data, out=out, resume=resume, allow=allow, is_command=False)


def train_or_resume(
    recipe: str | None,
    overrides: Sequence[str],
    *,
    data: str | None,
    out: Path | str | None,
    resume: Path | str | None,
    allow: Sequence[str],
    is_command: bool,
) -> TrainingResult:
    """As :func:`train`, with the settings as command-line arguments.

    Lightning starts the other processes of a training with several devices with the command line of the first. Only
    those of a command do nothing but this training, so ``is_command`` must be true for several devices.
    """
    if recipe is not None and resume is None:
        path = None if out is None else Path(out)
        return _start(recipe, overrides, data=data, out=path, allow=allow, is_command=is_command)
    if recipe is None and resume is not None and data is None and out is None:
        return _resume(RunDirectory.open(Path(resume)), overrides, allow=allow, is_command=is_command)
    raise ValueError("give either a recipe to train or a run to resume, the latter without data and out")


def _start(
    recipe: str,
    overrides: Sequence[str],
    *,
    data: str | None,
    out: Path | None,
    allow: Sequence[str],
    is_command: bool,
) -> TrainingResult:
    path = find_recipe(recipe)
    config = read_yaml(path)
    if data is not None and not (config.get("data") and data_section(config)["name"] == data):
        config["data"] = {"name": data}
    settings = Recipe(config, overrides, allow=allow)
    images, arguments = settings.data(), _arguments(settings, is_command=is_command)
    is_new = out is None or not out.exists()
    run = _new_run(out, f"{path.stem}-{images.name}")
    with _locked(run):
        if not _is_child() and run.has_files:
            # Another process has trained here since it was found empty.
            raise ValueError(f"{run.path} is not empty: name another --out")
        run.write_config(
            {"recipe": path.stem, **settings.config, "spec": asdict(images.spec), "images": images.contents()}
        )
        try:
            return _train(images, run, arguments, resume=False, allow=allow)
        except (ValueError, KeyboardInterrupt):
            # The settings did not fit the data, or Ctrl-C came early: only the settings have been written.
            if run.has_only_settings:
                run.clear(keep_folder=not is_new)
            raise


def _resume(run: RunDirectory, overrides: Sequence[str], *, allow: Sequence[str], is_command: bool) -> TrainingResult:
    with _locked(run):
        config = run.read_config()
        recipe, spec, recorded = (config.pop(name, None) for name in ("recipe", "spec", "images"))
        settings = Recipe(config, overrides, allow=allow)
        images = _same_images(run, settings, config, spec=spec, recorded=recorded)
        result = _train(images, run, _arguments(settings, is_command=is_command), resume=True, allow=allow)
        if result.stop_reason in ("finished", "callback"):
            run.write_config({"recipe": recipe, **settings.config, "spec": spec, "images": recorded})
        return result


def _arguments(settings: Recipe, *, is_command: bool) -> dict[str, Any]:
    """The arguments of the training; raises ValueError if it needs more processes than may be started."""
    arguments = settings.arguments()
    if arguments["num_devices"] > 1 and not is_command:
        raise ValueError(
            "several devices start this program again for each of them: use the command genera train, or one device"
        )
    return arguments


def _same_images(
    run: RunDirectory, settings: Recipe, config: dict[str, Any], *, spec: object, recorded: object
) -> ImageDataset:
    """The images of a resumed run; raises ValueError if settings or images would make it another run."""
    fixed = (settings.config.keys() & config.keys()) - MAY_CHANGE
    changed = sorted(key for key in fixed if settings.config[key] != config[key])
    if changed:
        raise ValueError(f"--resume continues the same run and cannot change {', '.join(changed)}; start a new one")
    images = settings.data()
    if asdict(images.spec) != spec:
        raise ValueError(
            f"{run.path} was trained on images {spec}, but {images.name} has {asdict(images.spec)} now: "
            "restore the pictures, or start a new run"
        )
    if recorded is None:
        raise ValueError(f"{run.path} is of an older version of Genera, without a record of its images: train again")
    if difference := describe_difference(recorded, images.contents()):
        raise ValueError(
            f"the images of {images.name} are not those that {run.path} was trained on ({difference}): "
            "restore them, or start a new run"
        )
    return images


def _train(
    images: ImageDataset, run: RunDirectory, arguments: dict[str, Any], *, resume: bool, allow: Sequence[str]
) -> TrainingResult:
    is_half = arguments["precision"] == "bf16-mixed"
    # Read before Lightning sets it for the other processes of a ddp training, which run this as well.
    is_first = not _is_child()
    if is_first and is_half and choose_device(arguments["device"]).type == "cpu" and not has_bfloat16():
        print(
            "this CPU has no bfloat16 instructions and emulates them, about ten times slower: "
            "--precision 32-true is faster",
            file=sys.stderr,
        )
    # Without other processes the environment, one for all threads, is left alone.
    has_children = is_first and arguments["num_devices"] > 1
    try:
        with _shared(run) if has_children else nullcontext():
            return replace(run_training(images, run, resume=resume, **arguments), allow=allow)
    except NonFiniteLoss as error:
        kept = (
            f"the checkpoint from before is {run.checkpoint}" if run.checkpoint.exists() else "there is no checkpoint"
        )
        raise NonFiniteLoss(f"{error}; {kept}") from error
    except OSError as error:
        raise OSError(f"{error}; files written before are complete, {how_to_resume(run)}") from error


def how_to_resume(run: RunDirectory) -> str:
    """The command that resumes a run."""
    if not run.checkpoint.exists():
        return "and there is no checkpoint to resume from yet"
    return f"resume with: genera train --resume {run.path}"


# Lightning starts the other processes of a ddp training with the command line of the first, and numbers them by
# LOCAL_RANK. They share its run, which it tells them by GENERA_RUN, and work under its lock.


def _is_child() -> bool:
    return "LOCAL_RANK" in os.environ


def _locked(run: RunDirectory) -> AbstractContextManager[None]:
    works_under_lock = _is_child() and ("GENERA_RUN" in os.environ or os.environ["LOCAL_RANK"] != "0")
    return nullcontext() if works_under_lock else run.locked()


@contextmanager
def _shared(run: RunDirectory) -> Iterator[None]:
    """Tell the other processes where the run is."""
    os.environ["GENERA_RUN"] = str(run.path)
    try:
        yield
    finally:
        os.environ.pop("GENERA_RUN", None)


def _new_run(out: Path | None, stem: str) -> RunDirectory:
    if _is_child() and "GENERA_RUN" in os.environ:
        return RunDirectory(Path(os.environ["GENERA_RUN"]))
    return RunDirectory.create_numbered(stem) if out is None else RunDirectory.create(out)
