"""A recipe: all settings of a training, parsed and checked."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from genera.config.data_section import add_data_arguments, data_section, load_parsed_data
from genera.config.factories import check_factories
from genera.config.import_policy import safe_parsing
from genera.config.model import build_model
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset


class Recipe:
    """The settings of a training: the keyword parameters of a function, and a section ``data``.

    Args:
        config: a recipe or a run's ``config.yaml``, as plain data.
        overrides: settings by name, or as command-line arguments; see :func:`as_words`.
        function: its parameters are the settings.
        skip: parameters that are not settings.
        classes: classes that are allowed in addition to the parts of a model, by import path.
        allow: packages to trust as well.

    Raises:
        ValueError: a setting is unknown, has the wrong type or is not allowed; the message is one line.
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
        with safe_parsing(self._parser, self._registry):
            # Passed as an argument, so that jsonargparse resets the settings of a class that an override replaces.
            # Dates and other types that YAML has and JSON lacks become text.
            self._parsed = self._parser.parse_args(["--config", json.dumps(config, default=str), *as_words(overrides)])
            self._registry.check(self._parsed)
            check_factories(function, self._parsed)
        for name, value in self._parsed.data.as_dict().items():
            if isinstance(value, Path):
                # The run may later be used from another working directory.
                self._parsed.data[name] = value.resolve()

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every setting as plain data, defaults included."""
        # Dumping checks the settings again, which needs this recipe's import policy.
        with safe_parsing(self._parser, self._registry):
            config: dict[str, Any] = json.loads(self._parser.dump(self._parsed, skip_unset=False, format="json"))
        # The argument --config, whose content is merged into the settings.
        config.pop("config", None)
        return config

    def data(self) -> ImageDataset:
        """Load the data set; raises ValueError if the data are missing or damaged."""
        return load_parsed_data(self._parsed.data)

    def model(self, spec: ImageSpec) -> ImageModel:
        """Make the model with fresh weights; raises ValueError if its parts do not fit each other or the images."""
        return build_model(self.config, spec, allow=self._registry.allow)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for the function, with every class instantiated.

        Raises:
            ValueError: a class rejects its arguments.
        """
        with safe_parsing(self._parser, self._registry):
            arguments = self._parser.instantiate(self._parsed).as_dict()
        return {name: value for name, value in arguments.items() if name not in ("config", "data")}


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
    """Convert settings by name, nested ones with dots, to command-line arguments; sequences are copied.

    >>> as_words({"task.optimizer.lr": 0.003, "plateau": None})
    ['--task.optimizer.lr=0.003', '--plateau=null']
    """
    if not isinstance(overrides, Mapping):
        return list(overrides)
    return [f"--{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in overrides.items()]
