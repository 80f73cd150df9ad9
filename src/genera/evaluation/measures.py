"""Measures: a question put to a trained model, and the answer with its interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import torch
from tqdm import tqdm

from genera.core import ImageModel, has_density
from genera.data import ImageDataset, SequentialBatches
from genera.evaluation.classifier import Classifier
from genera.evaluation.intervals import bootstrap_interval
from genera.evaluation.likelihood import log_probs
from genera.evaluation.metrics import BitsPerDim


@dataclass(frozen=True)
class Measurement:
    """What a measure found.

    Args:
        value: the figure.
        low: lower end of its 95 % interval.
        high: upper end.
        n: images it rests on.
        settings: all that must be equal for two figures to be compared.
        beside: the same figure of other things, such as real images, by name: what a value is read by.
    """

    value: float
    low: float
    high: float
    n: int
    settings: dict[str, Any] = field(default_factory=dict)
    references: dict[str, float] = field(default_factory=dict)

    @property
    def is_finite(self) -> bool:
        """Whether every figure is a number one can compare: neither infinite nor NaN."""
        return all(map(math.isfinite, (self.value, self.low, self.high, *self.references.values())))


class Measure(ABC):
    """A question with a name, such as ``bits_per_dim@8``."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As it stands in ``evaluation.json``."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that the answer depends on besides the model and the images."""

    @abstractmethod
    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        """Why the question makes no sense for a model and these images; None where it does."""

    @abstractmethod
    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        """Put the question, where it makes sense.

        Args:
            model: in evaluation mode.
            data: the images.
            split: on which of them.
        """

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        """Names of the splits, besides the one asked about, that the answer depends on."""
        return []


class BitsPerDimMeasure(Measure):
    """Bits per dimension with a number of importance samples; the interval is a bootstrap over images.

    Args:
        num_importance_samples: draws per image.
        max_images: use only the first so many; all where None.
        seed: of the draws.
    """

    def __init__(self, num_importance_samples: int, *, max_images: int | None = None, seed: int = 0) -> None:
        self.num_importance_samples = num_importance_samples
        self.max_images = max_images
        self.seed = seed

    @property
    def name(self) -> str:
        return f"bits_per_dim@{self.num_importance_samples}"

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
        low, high = bootstrap_interval(metric.values())
        return Measurement(float(metric.compute()), low, high, len(images), self.settings)


class AccuracyMeasure(Measure):
    """Share of the images of which a classifier tells the class right; the interval is a bootstrap over images."""

    @property
    def name(self) -> str:
        return "accuracy"

    @property
    def settings(self) -> dict[str, Any]:
        return {"interval": "95 % bootstrap over images"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Classifier):
            return f"{type(model).__name__} tells no classes"
        return cannot_compare_classes(model, data)

    @torch.inference_mode()
    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        assert isinstance(model, Classifier)
        images = data.split(split)
        assert images.labels is not None
        batches = tqdm(SequentialBatches(images, batch_size=min(500, len(images))), desc="classes", leave=False)
        classes = torch.cat([model.predict(pixels) for pixels, _ in batches])
        right = (classes == images.labels).double()
        low, high = bootstrap_interval(right)
        return Measurement(float(right.mean()), low, high, len(images), self.settings)


def cannot_compare_classes(model: ImageModel, data: ImageDataset) -> str | None:
    """Why the classes of a model are not those of the images; None where they are."""
    own, other = model.spec.num_classes, data.spec.num_classes
    return None if own == other else f"the model knows {own} classes, {data.name} has {other}"
