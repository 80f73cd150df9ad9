"""Everything a training can be told, parsed and checked.

Settings are what jsonargparse makes of the signature of :func:`genera.training.train.train`, with a section ``data``
made of the signature of a data set's function. A run's ``config.yaml`` is a recipe with every default resolved.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser

from genera.data import ImageData
from genera.training.adversarial_task import AdversarialTask
from genera.training.loss_task import LossTask
from genera.training.recipes import MODEL_PACKAGES, add_data_arguments, checked, data_section, open_data
from genera.training.train import train

#: Known here, so that recipes may call them by their short names.
TASKS = (LossTask, AdversarialTask)

#: Packages whose classes a recipe may name.
RECIPE_PACKAGES = (*MODEL_PACKAGES, "torch.optim", "lightning.pytorch")


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
        self._parser = training_parser(data_section(config)["name"])
        with checked(self._parser, self._packages):
            self._parsed = self._parser.parse_args(["--config", yaml.safe_dump(config), *overrides])
        for name, value in self._parsed.data.as_dict().items():
            if isinstance(value, Path):
                # A run is used from other folders than the one it was started in.
                self._parsed.data[name] = value.resolve()

    def as_config(self) -> dict[str, Any]:
        """Every setting as plain data, defaults included."""
        # It checks once more what it writes, and must not do so by what another thread allows meanwhile.
        with checked(self._parser, self._packages):
            config = yaml.safe_load(self._parser.dump(self._parsed, skip_unset=False))
        # The recipe the settings came from; what it said is in them.
        config.pop("config", None)
        return config

    def open_data(self) -> ImageData:
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
        with checked(self._parser, self._packages):
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
