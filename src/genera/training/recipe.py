"""Recipes of trainings: what they may name, and the settings of :func:`genera.training.train.train`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from jsonargparse import ArgumentParser
from lightning.pytorch import callbacks, loggers, strategies

from genera import optim
from genera.config.recipe import Recipe, recipe_parser
from genera.training import tasks
from genera.training.train import train

#: Parameters of :func:`train` that are no settings.
_SKIP: set[str | int] = {"data", "run", "resume"}


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


def training_recipe(
    config: dict[str, Any], overrides: Mapping[str, Any] | Sequence[str] = (), *, allow: Sequence[str] = ()
) -> Recipe:
    """A recipe of a training, parsed and checked; see :class:`~genera.config.recipe.Recipe`.

    Raises:
        ValueError: a setting is unknown, of the wrong type or not allowed; one line that says which.
    """
    return Recipe(config, overrides, function=train, skip=_SKIP, classes=RECIPE_CLASSES, allow=allow)


def training_parser(dataset: str) -> ArgumentParser:
    """The parser of a training's settings for one data set, for ``--help``.

    Raises:
        ValueError: there is no such data set.
    """
    return recipe_parser(train, dataset, skip=_SKIP)
