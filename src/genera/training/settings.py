"""Everything a training can be told, parsed and checked.

Settings are what jsonargparse makes of the signature of :func:`genera.training.train.train`, with a section ``data``
made of the signature of a data set's function. A run's ``config.yaml`` is a recipe with every default resolved.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from jsonargparse import ArgumentParser
from lightning.pytorch import callbacks, loggers, strategies

from genera import optim
from genera.config.factories import check_factories
from genera.config.recipes import add_data_arguments, checked, data_section, open_data
from genera.config.registry import Registry
from genera.data import ImageDataset
from genera.training import tasks
from genera.training.train import train


def _listed(module: ModuleType, *names: str) -> dict[str, type]:
    """Classes of a module, by import path."""
    return {f"{module.__name__}.{name}": getattr(module, name) for name in names}


#: What a recipe may name besides the parts of its model.
RECIPE_CLASSES: dict[str, type] = {
    **_listed(tasks, "LossTask", "AdversarialTask"),
    **_listed(optim, "Muon"),
    **_listed(
        torch.optim, "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop",
        "Rprop", "SGD",
    ),
    **_listed(torch.optim.lr_scheduler, "ReduceLROnPlateau"),
    **_listed(loggers, "CSVLogger", "CometLogger", "MLFlowLogger", "TensorBoardLogger", "WandbLogger"),
    **_listed(
        callbacks, "DeviceStatsMonitor", "LearningRateMonitor", "ModelCheckpoint", "ModelSummary",
        "RichModelSummary", "RichProgressBar", "TQDMProgressBar", "Timer",
    ),
    **_listed(strategies, "DDPStrategy", "SingleDeviceStrategy"),
}  # fmt: skip


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
        self._registry = Registry(classes=RECIPE_CLASSES, allow=allow)
        self._parser = training_parser(data_section(config)["name"])
        with checked(self._parser, self._registry):
            # Dates and the like, which YAML has and JSON does not, become the text that they stand for.
            self._parsed = self._parser.parse_args(["--config", json.dumps(config, default=str), *overrides])
            self._registry.check(self._parsed)
            check_factories(train, self._parsed)
        for name, value in self._parsed.data.as_dict().items():
            if isinstance(value, Path):
                # A run is used from other folders than the one it was started in.
                self._parsed.data[name] = value.resolve()

    def as_config(self) -> dict[str, Any]:
        """Every setting as plain data, defaults included."""
        # It checks once more what it writes, and must not do so by what another thread allows meanwhile.
        with checked(self._parser, self._registry):
            config: dict[str, Any] = json.loads(self._parser.dump(self._parsed, skip_unset=False, format="json"))
        # The recipe the settings came from; what it said is in them.
        config.pop("config", None)
        return config

    def open_data(self) -> ImageDataset:
        """The data set.

        Raises:
            ValueError: the data are missing or damaged.
        """
        return open_data(self.as_config()["data"])

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for :func:`~genera.training.train.train`, classes made.

        Raises:
            ValueError: a class refuses its arguments.
        """
        with checked(self._parser, self._registry):
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
