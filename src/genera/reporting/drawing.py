"""What figures are drawn of, and figures that are drawn when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from matplotlib.figure import Figure

from genera.core import ImageModel, check_seed
from genera.data import ImageDataset, ImageSplit
from genera.evaluation import check_fits
from genera.reporting.curves import Table
from genera.runs.readers import read_environment, read_table
from genera.zoo import TrainedModel

_NUM_VALIDATION = 256


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model, and what its figures show. Images that are missing or do not fit are a ValueError or OSError.

    Args:
        trained: the model on disk.
        model: the same model in evaluation mode, on any device.
        open_data: opens the data set it was trained on.
        seed: of samples and of the choice of images.
        allow: packages that its config may name besides genera.
    """

    trained: TrainedModel
    model: ImageModel
    open_data: Callable[[], ImageDataset]
    seed: int = 0
    allow: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def generator(self) -> torch.Generator:
        """A new generator with the seed, on the device of the model."""
        return torch.Generator(self.model.device).manual_seed(self.seed)

    @cached_property
    def table(self) -> Table:
        """The rows of ``metrics.csv`` by step; empty if there is no such file."""
        return read_table(self.trained.run.metrics) if self.trained.run.metrics.is_file() else {}

    @cached_property
    def data(self) -> ImageDataset:
        """The data set it was trained on."""
        data = self.open_data()
        check_fits(self.model.spec, data)
        return data

    @cached_property
    def validation(self) -> ImageSplit:
        """Random validation images, on the device of the model."""
        images, device = self.data.split("validation"), self.model.device
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(self.seed))
        chosen = images.subset(order[:_NUM_VALIDATION])
        return ImageSplit(chosen.pixels.to(device), None if chosen.labels is None else chosen.labels.to(device))


def describe(trained: TrainedModel) -> str:
    """Recipe, data set and training of a model in one line."""
    parts = [str(trained.config.get("recipe") or trained.name), f"on {trained.config['data']['name']}"]
    if trained.run.environment.is_file():
        environment = read_environment(trained.run.environment)
        parts.append(f"({environment['steps']:,} steps, {environment['wall_seconds'] / 60:.1f} min)")
    return " ".join(parts)


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet.

    Args:
        name: of its files.
        section: title of its section in the report of a comparison.
        title: what it shows.
        draw: draws it, without the title; raises ValueError or OSError if what it shows is missing.
    """

    name: str
    section: str
    title: str
    draw: Callable[[], Figure]


#: The drawing of a model, or None if the model or its training lacks what the figure shows.
ModelFigure = Callable[[LoadedModel], Drawing | None]


def model_figure(
    section: str, *, needs: Callable[[LoadedModel], bool]
) -> Callable[[Callable[[LoadedModel], Figure]], ModelFigure]:
    """Decorate a function that draws a figure of the models that ``needs`` accepts; its docstring is the title."""

    def decorate(draw: Callable[[LoadedModel], Figure]) -> ModelFigure:
        name, title = draw.__name__, (inspect.getdoc(draw) or "").removesuffix(".")
        return lambda loaded: Drawing(name, section, title, partial(draw, loaded)) if needs(loaded) else None

    return decorate
