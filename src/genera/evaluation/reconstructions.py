"""Measures of reconstruction quality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import Autoencoding, ImageModel
from genera.data import ImageDataset, ImageSplit, SequentialBatches
from genera.evaluation.intervals import bootstrap_interval
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.metrics import SquaredError

_BATCH = 250


class ReconstructionMetric(Protocol):
    """A metric of images and their reconstructions, with a value per image."""

    def update(self, images: Tensor, reconstructions: Tensor) -> None: ...
    def values(self) -> Tensor: ...


class Reconstructions:
    """Reconstructions of images by a model; the last ones are cached for all measures."""

    def __init__(self) -> None:
        self._key: tuple[ImageModel | None, str] = (None, "")
        self._cached = torch.empty(0)

    @torch.inference_mode()
    def reconstruct(self, model: ImageModel, images: ImageSplit) -> Tensor:
        """uint8 ``(N, C, H, W)``; conditional models get the labels of the images."""
        assert isinstance(model, Autoencoding)
        if self._key[0] is not model or self._key[1] != images.digest:
            batches = tqdm(SequentialBatches(images, batch_size=_BATCH), desc="reconstructions", leave=False)
            self._cached = torch.cat([model.reconstruct(*batch) for batch in batches])
            self._key = model, images.digest
        return self._cached


class ReconstructionMeasure(Measure):
    """A mean over reconstructed images; the interval is a bootstrap over them.

    Args:
        name: key in ``evaluation.json``.
        metric: creates a metric for a number of levels.
        reconstructions: computes the reconstructions.
        min_size: minimum height and width of the images.
    """

    def __init__(
        self,
        name: str,
        metric: Callable[[int], ReconstructionMetric],
        reconstructions: Reconstructions,
        *,
        min_size: int = 1,
    ) -> None:
        self._name = name
        self.metric = metric
        self.reconstructions = reconstructions
        self.min_size = min_size

    @property
    def name(self) -> str:
        return self._name

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
        reconstructions = self.reconstructions.reconstruct(model, images)
        for pairs in zip(images.pixels.split(_BATCH), reconstructions.split(_BATCH), strict=True):
            metric.update(*pairs)
        values = metric.values()
        low, high = bootstrap_interval(values)
        return Measurement(float(values.mean()), low, high, len(images), self.settings)


def mse_measure() -> Measure:
    """The mean squared error of pixels on [0, 1], as a separate measure."""
    return ReconstructionMeasure("mse", SquaredError, Reconstructions())
