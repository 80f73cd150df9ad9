"""The recipe of a training: its settings, parsed and checked, and the classes that it may name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from jsonargparse import ArgumentParser
from lightning.pytorch import callbacks, loggers, strategies

from genera import optim
from genera.config.data_section import add_data_arguments, data_section, load_parsed_data
from genera.config.factories import check_factories
from genera.config.import_policy import safe_parsing
from genera.config.model import build_model
from genera.config.registry import Registry
from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset
from genera.training import tasks
from genera.training.train import train


def _by_path(module: ModuleType, *names: str) -> dict[str, type]:
    """Classes of a module by import path."""
    return {f"{module.__name__}.{name}": getattr(module, name) for name in names}


#: Classes that a recipe may name in addition to the parts of its model.
RECIPE_CLASSES: dict[str, type] = {
    **_by_path(tasks, "LossTask", "AdversarialTask"),
    **_by_path(optim, "Muon"),
    **_by_path(
        torch.optim, "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop",
        "Rprop", "SGD",
    ),
    **_by_path(torch.optim.lr_scheduler, "ReduceLROnPlateau"),
    **_by_path(loggers, "CSVLogger", "CometLogger", "MLFlowLogger", "TensorBoardLogger", "WandbLogger"),
    **_by_path(
        callbacks, "DeviceStatsMonitor", "LearningRateMonitor", "ModelSummary", "RichModelSummary",
    ),
    **_by_path(strategies, "DDPStrategy", "SingleDeviceStrategy"),
}  # fmt: skip


class Recipe:
    """The settings of a training: the keyword parameters of :func:`~genera.training.train.train`, and its data set.

    Args:
        config: a recipe or a run's ``config.yaml``, as plain data.
        overrides: settings by name, or as command-line arguments; see :func:`as_words`.
        allow: packages to trust in addition to the parts of models and :data:`RECIPE_CLASSES`.

    Raises:
        ValueError: a setting is unknown, has the wrong type or is not allowed; the message is one line.
    """

    def __init__(
        self, config: dict[str, Any], overrides: Mapping[str, Any] | Sequence[str] = (), *, allow: Sequence[str] = ()
    ) -> None:
        self._registry = Registry(classes=RECIPE_CLASSES, allow=allow)
        self._parser = training_parser(data_section(config)["name"])
        with safe_parsing(self._parser, self._registry):
            # Passed as an argument, so that jsonargparse resets the settings of a class that an override replaces.
            # Dates and other types that YAML has and JSON lacks become text.
            self._parsed = self._parser.parse_args(["--config", json.dumps(config, default=str), *as_words(overrides)])
            self._registry.check(self._parsed)
            check_factories(train, self._parsed)
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
        """Keyword arguments of a training, with every class instantiated.

        Raises:
            ValueError: a class rejects its arguments.
        """
        with safe_parsing(self._parser, self._registry):
            arguments = self._parser.instantiate(self._parsed).as_dict()
        return {name: value for name, value in arguments.items() if name not in ("config", "data")}


def training_parser(dataset: str) -> ArgumentParser:
    """The parser of a training's settings for one data set.

    Raises:
        ValueError: there is no such data set.
    """
    parser = ArgumentParser(prog="genera train", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--config", action="config", help=argparse.SUPPRESS)
    add_data_arguments(parser, dataset)
    # What remains of its parameters are the settings.
    parser.add_function_arguments(train, skip={"data", "run", "resume"})
    return parser


def as_words(overrides: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Convert settings by name, nested ones with dots, to command-line arguments; sequences are copied.

    >>> as_words({"task.optimizer.lr": 0.003, "plateau": None})
    ['--task.optimizer.lr=0.003', '--plateau=null']
    """
    if not isinstance(overrides, Mapping):
        return list(overrides)
    return [f"--{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in overrides.items()]
