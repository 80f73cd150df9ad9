"""Recipes: one complete YAML file per model, checked against the code it configures.

Its keys are the settings of a training, see :mod:`genera.training.settings`. What is here needs no Lightning, so that
loading a model is quick.
"""

from __future__ import annotations

import argparse
import difflib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, _common, set_parsing_settings

from genera.core import ImageModel, ImageSpec
from genera.data import ImageData, dataset_names, find_dataset
from genera.training.config_errors import one_line

#: Packages whose classes a model's config may name.
MODEL_PACKAGES = ("genera", "torch.nn")

_POLICY = threading.RLock()


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


def add_data_arguments(parser: ArgumentParser, dataset: str) -> None:
    """Let a parser choose a data set and set what its function takes.

    Raises:
        ValueError: there is no such data set.
    """
    function = find_dataset(dataset)
    parser.add_argument("--data.name", default=dataset, help=f"data set: {', '.join(dataset_names())}")
    parser.add_function_arguments(function, "data")


def open_data(settings: dict[str, Any]) -> ImageData:
    """The data set that the section ``data`` of a config describes.

    Raises:
        ValueError: the section is not one, or the data are missing or damaged.
    """
    name = data_section({"data": settings})["name"]
    parser = ArgumentParser(exit_on_error=False)
    add_data_arguments(parser, name)
    with checked(parser, MODEL_PACKAGES):
        arguments = parser.instantiate(parser.parse_object({"data": settings})).data.as_dict()
    del arguments["name"]
    return find_dataset(name)(**arguments)


def data_section(config: dict[str, Any]) -> dict[str, Any]:
    """The section ``data`` of a config.

    Raises:
        ValueError: there is none, or it does not name a data set.
    """
    section = config.get("data")
    if not isinstance(section, dict) or not isinstance(section.get("name"), str):
        raise ValueError(
            f"the section data must name a data set, as in data: {{name: mnist}}, got {section!r}; "
            "give --data NAME, genera datasets lists them"
        )
    return section


def build_model(config: dict[str, Any], spec: ImageSpec, *, allow: Sequence[str] = ()) -> ImageModel:
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
    with checked(parser, (*MODEL_PACKAGES, *allow)):
        settings = parser.parse_object({"model": config.get("model")})
        return parser.instantiate(settings).model(spec)


def _model_only(*, model: Callable[[ImageSpec], ImageModel]) -> None:
    """A signature to parse with."""


@contextmanager
def checked(parser: ArgumentParser, packages: Sequence[str]) -> Iterator[None]:
    """Let configs name what is defined in ``packages`` and nothing else; turn complaints into one line."""
    # jsonargparse keeps this policy for the whole process and can only add to it; a program that uses jsonargparse
    # itself must find it as it was, so the settings are put back by hand, and threads take turns.
    with _POLICY:
        before = dict(_common.parsing_settings)
        set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=list(packages))
        try:
            yield
        except argparse.ArgumentError as error:
            options = [option.lstrip("-") for action in parser._actions for option in action.option_strings]
            raise ValueError(one_line(str(error), options=options, packages=packages)) from error
        finally:
            _common.parsing_settings.update(before)
