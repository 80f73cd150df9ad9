"""Measures of reconstructions: how much of an image a model gives back."""

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


class OfPairs(Protocol):
    """A metric of images and what a model gives back, with a value for each."""

    def update(self, images: Tensor, reconstructions: Tensor) -> None: ...
    def values(self) -> Tensor: ...


class Reconstructions:
    """What a model makes of images, kept for all measures that ask for the last ones asked for."""

    def __init__(self) -> None:
        self._of: tuple[ImageModel | None, str] = (None, "")
        self._made = torch.empty(0)

    @torch.inference_mode()
    def made(self, model: ImageModel, images: ImageSplit) -> Tensor:
        """uint8 ``(N, C, H, W)``; labels are told to conditional models."""
        assert isinstance(model, Autoencoding)
        if self._of[0] is not model or self._of[1] != images.digest:
            batches = tqdm(SequentialBatches(images, batch_size=_BATCH), desc="reconstructions", leave=False)
            self._made = torch.cat([model.reconstruct(*batch) for batch in batches])
            self._of = model, images.digest
        return self._made


class ReconstructionMeasure(Measure):
    """A mean over reconstructed images; the interval is a bootstrap over them.

    Args:
        name: as it stands in ``evaluation.json``.
        metric: made for the number of levels.
        reconstructions: makes them.
        least_size: height and width that images must have.
    """

    def __init__(
        self,
        name: str,
        metric: Callable[[int], OfPairs],
        reconstructions: Reconstructions,
        *,
        least_size: int = 1,
    ) -> None:
        self._name = name
        self.metric = metric
        self.reconstructions = reconstructions
        self.least_size = least_size

    @property
    def name(self) -> str:
        return self._name

    @property
    def settings(self) -> dict[str, Any]:
        return {"interval": "95 % bootstrap over images", "labels": "told to conditional models"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Autoencoding):
            return f"{type(model).__name__} does not reconstruct images"
        if min(data.spec.shape[1:]) < self.least_size:
            return f"it takes images of at least {self.least_size} pixels, and these have {data.spec.shape[1:]}"
        return "it gives back every image exactly" if model.is_exact else None

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        images = data.split(split)
        metric = self.metric(model.spec.levels)
        pairs = zip(images.pixels.split(_BATCH), self.reconstructions.made(model, images).split(_BATCH), strict=True)
        for pixels, reconstructions in pairs:
            metric.update(pixels, reconstructions)
        values = metric.values()
        low, high = bootstrap_interval(values)
        return Measurement(float(values.mean()), low, high, len(images), self.settings)


def mse_measure() -> Measure:
    """The mean squared error of pixels on [0, 1], by itself."""
    return ReconstructionMeasure("mse", SquaredError, Reconstructions())
