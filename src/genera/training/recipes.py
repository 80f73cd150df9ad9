"""Recipes: one complete YAML file per model, checked against the code it configures.

A recipe is what jsonargparse makes of the signature of :func:`genera.training.train.train`, with the section ``data``
made of the signature of a data set's function. A run's ``config.yaml`` is a recipe with every default resolved.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser, Namespace, _common, set_parsing_settings

from genera.core import ImageSpec, Trainable
from genera.data import ImageData, dataset_names, find_dataset
from genera.training.config_errors import one_line
from genera.training.train import train

#: Packages whose classes a model's config may name, and those a recipe may name besides.
MODEL_PACKAGES = ("genera", "torch.nn")
RECIPE_PACKAGES = (*MODEL_PACKAGES, "torch.optim", "lightning.pytorch")


def recipe_paths() -> dict[str, Path]:
    """Every shipped recipe, by name."""
    root = Path(str(resources.files("genera"))) / "recipes"
    return {path.stem: path for path in sorted(root.glob("*/*.yaml"))}


def find_recipe(name_or_path: str) -> Path:
    """A recipe's file, from the name of a shipped one or from a path.

    Raises:
        ValueError: there is neither; says which names come near.
    """
    shipped = recipe_paths()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    near = difflib.get_close_matches(name_or_path, shipped, n=3) or list(shipped)
    raise ValueError(f"there is no recipe {name_or_path!r}, by that name or at that path; shipped: {', '.join(near)}")


class Settings:
    """A recipe and what overrides it, parsed and checked.

    Args:
        config: a recipe or a run's ``config.yaml``, as plain data.
        overrides: command-line arguments such as ``--batch_size 64``.
        allow: packages to trust besides those a recipe may name.

    Raises:
        ValueError: a setting is unknown, of the wrong type or not allowed; one line that says which.
    """

    def __init__(self, config: dict[str, Any], overrides: Sequence[str] = (), *, allow: Sequence[str] = ()) -> None:
        self._packages = (*RECIPE_PACKAGES, *allow)
        self._parser = training_parser(config["data"]["name"])
        with _checked(self._parser, self._packages):
            self._parsed = self._parser.parse_args(["--config", yaml.safe_dump(config), *overrides])

    def as_config(self) -> dict[str, Any]:
        """Every setting as plain data, defaults included."""
        return yaml.safe_load(self._parser.dump(self._parsed.clone(with_meta=False)))

    def open_data(self) -> ImageData:
        """The data set.

        Raises:
            ValueError: the data are missing or damaged.
        """
        return open_data(self._parsed.data)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for :func:`~genera.training.train.train`, classes made.

        Raises:
            ValueError: a class refuses its arguments.
        """
        with _checked(self._parser, self._packages):
            arguments = self._parser.instantiate(self._parsed).as_dict()
        return {name: value for name, value in arguments.items() if name not in ("config", "data")}


def training_parser(dataset: str) -> ArgumentParser:
    """The parser of a recipe for one data set.

    Raises:
        ValueError: there is no such data set.
    """
    parser = ArgumentParser(prog="genera train", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config", help=argparse.SUPPRESS)
    add_data_arguments(parser, dataset)
    parser.add_function_arguments(train, skip={"data", "run", "resume"})
    return parser


def add_data_arguments(parser: ArgumentParser, dataset: str) -> None:
    """Let a parser choose a data set and set what its function takes.

    Raises:
        ValueError: there is no such data set.
    """
    function = find_dataset(dataset)
    parser.add_argument("--data.name", default=dataset, help=f"data set: {', '.join(dataset_names())}")
    parser.add_function_arguments(function, "data")


def open_data(settings: Namespace | dict[str, Any]) -> ImageData:
    """The data set that the section ``data`` of a parsed config describes.

    Raises:
        ValueError: the data are missing or damaged.
    """
    arguments = settings.as_dict() if isinstance(settings, Namespace) else dict(settings)
    return find_dataset(arguments.pop("name"))(**arguments)


def build_model(config: dict[str, Any], spec: ImageSpec, *, allow: Sequence[str] = ()) -> Trainable:
    """The model that the section ``model`` of a run's config describes, with fresh weights.

    Args:
        config: the whole config.
        spec: the images.
        allow: packages to trust besides ``genera`` and ``torch.nn``.

    Raises:
        ValueError: it names what is not allowed, or does not fit the code.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_function_arguments(_model_only)
    with _checked(parser, (*MODEL_PACKAGES, *allow)):
        settings = parser.parse_object({"model": config.get("model")})
        return parser.instantiate(settings).model(spec)


def _model_only(*, model: Callable[[ImageSpec], Trainable]) -> None:
    """A signature to parse with."""


@contextmanager
def _checked(parser: ArgumentParser, packages: Sequence[str]) -> Iterator[None]:
    """Let configs name what is defined in ``packages`` and nothing else; turn complaints into one line."""
    # jsonargparse keeps this policy for the whole process and can only add to it; a program that uses jsonargparse
    # itself must find it as it was, so the settings are put back by hand.
    before = dict(_common.parsing_settings)
    set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=list(packages))
    try:
        yield
    except argparse.ArgumentError as error:
        options = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
        raise ValueError(one_line(str(error), options=options, packages=packages)) from error
    finally:
        _common.parsing_settings.clear()
        _common.parsing_settings.update(before)
