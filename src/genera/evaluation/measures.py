"""Measures: named quantities computed for a trained model, each with an interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import ImageModel, has_density
from genera.data import ImageDataset, ImageSplit, SequentialBatches
from genera.evaluation.classifier import Classifier
from genera.evaluation.intervals import bootstrap_interval
from genera.evaluation.likelihood import log_probs
from genera.evaluation.metrics import BitsPerDim


@dataclass(frozen=True)
class Measurement:
    """The result of a measure.

    Args:
        value: the measured value.
        low: lower end of its 95 % interval.
        high: upper end.
        n: number of images it is computed from.
        settings: everything that must be equal for two values to be comparable.
        references: values of the same measure for other images, such as real ones, by name.
    """

    value: float
    low: float
    high: float
    n: int
    settings: dict[str, Any] = field(default_factory=dict)
    references: dict[str, float] = field(default_factory=dict)

    @classmethod
    def mean_of(
        cls, values: Tensor, settings: dict[str, Any], references: dict[str, float] | None = None
    ) -> Measurement:
        """The mean of a value per image, ``(N,)``, with a bootstrap interval over images."""
        low, high = bootstrap_interval(values)
        return cls(float(values.mean()), low, high, len(values), settings, references or {})

    @property
    def is_finite(self) -> bool:
        """Whether the value, the ends of its interval and all references are finite."""
        return all(map(math.isfinite, (self.value, self.low, self.high, *self.references.values())))


class Measure(ABC):
    """A named quantity of a model on a data set, such as ``bits_per_dim@8``.

    Attributes:
        name: key in ``evaluation.json``.
    """

    name: str

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that the value depends on besides the model and the images."""

    @abstractmethod
    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        """Return why the measure does not apply to the model and the data; None if it applies."""

    @abstractmethod
    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        """Measure a model to which the measure applies.

        Args:
            model: in evaluation mode.
            data: the data set.
            split: name of the split to measure on.
        """

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        """Names of the splits, besides ``split``, that the value depends on."""
        return []


class ModelCache:
    """Results for the images of a split, shared by several measures; only those of the last model are kept.

    Args:
        compute: maps a model and images to a result ``(N, …)``.
    """

    def __init__(self, compute: Callable[[ImageModel, ImageSplit], Tensor]) -> None:
        self.compute = compute
        self._model: ImageModel | None = None
        self._results: dict[str, Tensor] = {}

    def __call__(self, model: ImageModel, images: ImageSplit) -> Tensor:
        """The result for a model and images, computed on first use."""
        if model is not self._model:
            self._model, self._results = model, {}
        if images.digest not in self._results:
            self._results[images.digest] = self.compute(model, images)
        return self._results[images.digest]


class BitsPerDimMeasure(Measure):
    """Bits per dimension with a number of importance samples; the interval is a bootstrap over images.

    Args:
        num_importance_samples: importance samples per image.
        max_images: use only the first ``max_images`` images; all if None.
        seed: of the importance samples.
    """

    def __init__(self, num_importance_samples: int, *, max_images: int | None = None, seed: int = 0) -> None:
        self.name = f"bits_per_dim@{num_importance_samples}"
        self.num_importance_samples = num_importance_samples
        self.max_images = max_images
        self.seed = seed

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "num_importance_samples": self.num_importance_samples,
            "max_images": self.max_images,
            "seed": self.seed,
            "interval": "95 % bootstrap over images",
        }

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        return None if has_density(model) else f"{type(model).__name__} has no likelihood"

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        assert has_density(model)
        images = data.split(split)
        if self.max_images is not None and len(images) > self.max_images:
            images = images.subset(torch.arange(self.max_images))
        metric = BitsPerDim(model.spec.num_dims)
        metric.update(log_probs(model, images, num_importance_samples=self.num_importance_samples, seed=self.seed))
        return Measurement.mean_of(metric.values(), self.settings)


class AccuracyMeasure(Measure):
    """Share of images that a classifier classifies correctly; the interval is a bootstrap over images."""

    name = "accuracy"

    @property
    def settings(self) -> dict[str, Any]:
        return {"interval": "95 % bootstrap over images"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Classifier):
            return f"{type(model).__name__} is not a classifier"
        return class_mismatch(model, data)

    @torch.inference_mode()
    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        assert isinstance(model, Classifier)
        images = data.split(split)
        assert images.labels is not None
        batches = tqdm(SequentialBatches(images, batch_size=min(500, len(images))), desc="classes", leave=False)
        classes = torch.cat([model.predict(pixels) for pixels, _ in batches])
        is_correct = (classes == images.labels).double()
        return Measurement.mean_of(is_correct, self.settings)


def class_mismatch(model: ImageModel, data: ImageDataset) -> str | None:
    """Return how the number of classes of a model differs from that of a data set; None if they are equal."""
    own, other = model.spec.num_classes, data.spec.num_classes
    return None if own == other else f"the model has {own} classes, {data.name} has {other}"
