"""An epoch of the complete training, for benchmarks that compare whole trainings."""

from __future__ import annotations

import copy
import io
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl

from genera.core import ImageModel, ImageSpec
from genera.data import ImageDataset, ImageSplit
from genera.runs.run_directory import RunDirectory
from genera.training.recipe import Recipe
from genera.training.train import train


class Stopwatch(pl.Callback):
    """Measures wall time from the start of the first step to the end of the last, before validation and checkpoint."""

    def on_train_batch_start(self, *hook: Any) -> None:
        if not hasattr(self, "started"):
            self.started = time.perf_counter()

    def on_train_batch_end(self, *hook: Any) -> None:
        self.seconds = time.perf_counter() - self.started


def our_epoch(
    recipe: Mapping[str, Any], model: ImageModel, images: ImageSplit, *, spec: ImageSpec, batch: int, precision: str
) -> float:
    """Seconds for the library to train a copy of a model for an epoch, with the optimisers of a recipe."""
    options = {"batch_size": batch, "max_steps": len(images) // batch, "device": "cpu", "precision": precision}
    arguments = Recipe(recipe, [f"--{name}={value}" for name, value in options.items()]).arguments()
    stopwatch = Stopwatch()
    arguments |= {"model": lambda spec: copy.deepcopy(model), "callbacks": [stopwatch], "probes": None}
    splits = {"train": lambda: images, "validation": lambda: images.first(batch)}
    names = tuple(map(str, range(spec.num_classes)))
    with quiet(), TemporaryDirectory() as folder:
        train(ImageDataset("random", spec, class_names=names, splits=splits), RunDirectory(Path(folder)), **arguments)
    return stopwatch.seconds


@contextmanager
def quiet() -> Iterator[None]:
    """Hide progress bars and log messages."""
    logging.disable(logging.INFO)
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
