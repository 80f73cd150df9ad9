"""Models in memory with images and metrics of their own, for figures without a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from cases import labels_of
from matplotlib.figure import Figure
from torch import Tensor

from genera.data import ImageDataset, ImageSplit
from genera.reporting.curves import Table
from genera.reporting.drawing import LoadedModel
from genera.runs.run_directory import RunDirectory
from genera.zoo import TrainedModel


def in_memory(
    model: Any, images: Tensor, *, labels: Tensor | None = None, table: Table | None = None, seed: int = 0
) -> LoadedModel:
    """The model in float32 with training and validation images, in this order, and a table of metrics."""
    spec = model.spec
    split = ImageSplit(images, labels_of(model, images) if labels is None and spec.num_classes else labels)
    names = tuple(f"class {index}" for index in range(spec.num_classes))
    splits = {"train": lambda: split, "validation": lambda: split}
    data = ImageDataset("mine", spec, class_names=names, splits=splits)
    trained = TrainedModel("mine", RunDirectory(Path("nowhere")))
    loaded = LoadedModel(trained, model.float().eval(), lambda: data, seed)
    vars(loaded).update(validation=split, table=table or {})
    return loaded


def picture_of(figure: Figure) -> np.ndarray:
    """The picture that a figure shows first."""
    (image,) = figure.axes[0].get_images()
    return np.asarray(image.get_array())
