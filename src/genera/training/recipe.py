"""Recipes of trainings: the settings of :func:`genera.training.train.train`, and the classes that they may name."""

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

#: Parameters of :func:`train` that are not settings.
_SKIP: set[str | int] = {"data", "run", "resume"}


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


def training_recipe(
    config: dict[str, Any], overrides: Mapping[str, Any] | Sequence[str] = (), *, allow: Sequence[str] = ()
) -> Recipe:
    """Parse and check the recipe of a training; see :class:`~genera.config.recipe.Recipe`.

    Raises:
        ValueError: a setting is unknown, has the wrong type or is not allowed; the message is one line.
    """
    return Recipe(config, overrides, function=train, skip=_SKIP, classes=RECIPE_CLASSES, allow=allow)


def training_parser(dataset: str) -> ArgumentParser:
    """The parser of a training's settings for one data set, for ``--help``."""
    return recipe_parser(train, dataset, skip=_SKIP)
