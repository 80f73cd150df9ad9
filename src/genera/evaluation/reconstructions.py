"""Measures of reconstruction quality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import Autoencoding, ImageModel
from genera.data import ImageDataset, ImageSplit, SequentialBatches
from genera.evaluation.measures import Measure, Measurement, ModelCache
from genera.evaluation.metrics import SquaredError
from genera.evaluation.metrics.base import PerImageMetric

_BATCH = 250


@torch.inference_mode()
def reconstruct_images(model: ImageModel, images: ImageSplit) -> Tensor:
    """Reconstruct images batch by batch, with a progress bar; conditional models get the labels of the images.

    Returns:
        uint8 ``(N, C, H, W)``.
    """
    assert isinstance(model, Autoencoding)
    batches = SequentialBatches(images, batch_size=_BATCH)
    bar = tqdm(batches, desc="reconstructions", leave=False, disable=len(images) <= _BATCH)
    return torch.cat([model.reconstruct(*batch) for batch in bar])


@dataclass(frozen=True, eq=False)
class ReconstructionMeasure(Measure):
    """A mean over reconstructed images; the interval is a bootstrap over them.

    Args:
        name: key in ``evaluation.json``.
        metric: creates a metric for a number of levels.
        reconstructions: of :func:`reconstruct_images`.
        min_size: minimum height and width of the images.
    """

    name: str
    metric: Callable[[int], PerImageMetric]
    reconstructions: ModelCache
    min_size: int = 1

    @property
    def settings(self) -> dict[str, Any]:
        return {"interval": "95 % bootstrap over images", "labels": "given to conditional models"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Autoencoding):
            return f"{type(model).__name__} does not reconstruct images"
        if min(data.spec.shape[1:]) < self.min_size:
            return f"needs images of at least {self.min_size} pixels per side, got {data.spec.shape[1:]}"
        return "reconstructs every image exactly" if model.is_exact else None

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        images = data.split(split)
        metric = self.metric(model.spec.levels)
        reconstructions = self.reconstructions(model, images)
        for pairs in zip(images.pixels.split(_BATCH), reconstructions.split(_BATCH), strict=True):
            metric.update(*pairs)
        return Measurement.mean_of(metric.values(), self.settings)


def mse_measure() -> Measure:
    """The mean squared error of pixels on [0, 1], as a separate measure."""
    return ReconstructionMeasure("mse", SquaredError, ModelCache(reconstruct_images))
