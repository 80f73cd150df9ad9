"""A recipe: everything that decides a training, parsed and checked."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from jsonargparse import ArgumentParser

from genera.config.data_section import add_data_arguments, data_section, load_parsed_data, resolve_paths
from genera.config.factories import check_factories
from genera.config.import_policy import checked
from genera.config.model import make_model
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset


class Recipe:
    """The settings of a training: the keyword parameters of a function, and a section ``data`` made of a data set's.

    Args:
        config: a recipe or a run's ``config.yaml``, as plain data.
        overrides: settings by name, or as command-line words, as in :func:`as_words`.
        function: what the settings are for.
        skip: its parameters that are no settings.
        classes: what may be named besides the parts of a model, by import path.
        allow: packages to trust besides.

    Raises:
        ValueError: a setting is unknown, of the wrong type or not allowed; one line that says which.
    """

    def __init__(
        self,
        config: dict[str, Any],
        overrides: Mapping[str, Any] | Sequence[str] = (),
        *,
        function: Callable[..., Any],
        skip: set[str | int],
        classes: Mapping[str, type],
        allow: Sequence[str] = (),
    ) -> None:
        self._registry = Registry(classes=classes, allow=allow)
        self._parser = recipe_parser(function, data_section(config)["name"], skip=skip)
        with checked(self._parser, self._registry):
            # As an argument, because jsonargparse then resets the settings of a class that an override replaces.
            # Dates and the like, which YAML has and JSON does not, become the text that they stand for.
            self._parsed = self._parser.parse_args(["--config", json.dumps(config, default=str), *as_words(overrides)])
            self._registry.check(self._parsed)
            check_factories(function, self._parsed)
        resolve_paths(self._parsed.data)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every setting as plain data, defaults included."""
        # It checks once more what it writes, and must not do so by what another thread allows meanwhile.
        with checked(self._parser, self._registry):
            config: dict[str, Any] = json.loads(self._parser.dump(self._parsed, skip_unset=False, format="json"))
        # The recipe the settings came from; its settings are in them.
        config.pop("config", None)
        return config

    def data(self) -> ImageDataset:
        """The data set.

        Raises:
            ValueError: the data are missing or damaged.
        """
        return load_parsed_data(self._parsed.data)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for the function, with an instance for every class that is named.

        Raises:
            ValueError: a class refuses its arguments.
        """
        with checked(self._parser, self._registry):
            arguments = self._parser.instantiate(self._parsed).as_dict()
        return {name: value for name, value in arguments.items() if name not in ("config", "data")}

    def model(self, spec: ImageSpec) -> ImageModel:
        """The model, with fresh weights.

        Raises:
            ValueError: its parts do not fit each other or the images, or it needs more memory than there is.
        """
        return make_model(self.arguments()["model"], spec)


def recipe_parser(function: Callable[..., Any], dataset: str, *, skip: set[str | int]) -> ArgumentParser:
    """The parser of a recipe for one data set.

    Raises:
        ValueError: there is no such data set.
    """
    parser = ArgumentParser(prog="genera train", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config", help=argparse.SUPPRESS)
    add_data_arguments(parser, dataset)
    parser.add_function_arguments(function, skip=skip)
    return parser


def as_words(overrides: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Settings by name, nested ones with dots, as command-line words; words stay as they are.

    >>> as_words({"task.optimizer.lr": 0.003, "plateau": None})
    ['--task.optimizer.lr=0.003', '--plateau=null']
    """
    if not isinstance(overrides, Mapping):
        return list(overrides)
    return [f"--{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in overrides.items()]
