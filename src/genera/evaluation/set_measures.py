"""Measures of sets: what many draws of a model have in common with real images, and what not.

Each is the mean over independent sets of draws, with the interval of Student's t over them: a bootstrap over the images
of one set would bias distances between sets.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch

from genera.core import Generative, ImageModel
from genera.data import ImageData, Images
from genera.evaluation.cas import classification_accuracy_score, draw_each_class
from genera.evaluation.intervals import bootstrap_interval, t_interval
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.metrics import (
    ClassAgreement,
    ClassKl,
    Dissimilarity,
    FrechetDistance,
    ModeCoverage,
    PairwiseDistance,
)
from genera.evaluation.samples import Samples, Seen


class SetMeasure(Measure):
    """A figure of a set of draws, beside the real images of a split.

    Args:
        samples: what makes the draws and looks at them.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    @property
    def settings(self) -> dict[str, Any]:
        return {**self.samples.settings, "interval": "95 % of Student's t over the seeds"}

    def unavailable(self, model: ImageModel) -> str | None:
        if not isinstance(model, Generative):
            return f"{type(model).__name__} draws no images"
        return self.samples.unavailable(model)

    def measure(self, model: ImageModel, data: ImageData, split: str) -> Measurement:
        real = self.samples.real(data.split(split))
        count = len(real.images)
        seeds = range(self.samples.num_seeds)
        values = [self.figure(self.samples.drawn(model, count, seed), real) for seed in seeds]
        low, high = t_interval(values)
        value = sum(values) / len(values)
        return Measurement(value, low, high, count, self.settings, beside=self.beside(real, data, split))

    @abstractmethod
    def figure(self, drawn: Seen, real: Seen) -> float:
        """Of one set of draws."""

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        """The same figure of what everybody can imagine, by name, to read a model's by."""
        return {}


class FrechetMeasure(SetMeasure):
    """Fréchet distance between draws and images in the features of a classifier.

    Beside it stand that of other real images, which no model can be asked to beat, and that of uniform noise.
    """

    @property
    def name(self) -> str:
        return "fd[lenet]"

    def figure(self, drawn: Seen, real: Seen) -> float:
        metric = FrechetDistance(real.features.shape[1])
        metric.update(drawn.features, real=False)
        metric.update(real.features, real=True)
        return float(metric.compute())

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        found = {}
        other = "test" if split == "validation" else "validation"
        if other in data.split_names:
            found[f"{other} images"] = self.figure(self.samples.real(data.split(other)), real)
        generator = torch.Generator().manual_seed(0)
        shape = real.images.pixels.shape
        noise = torch.randint(data.spec.levels, shape, generator=generator, dtype=torch.uint8)
        return found | {"uniform noise": self.figure(self.samples.real(Images(noise)), real)}


class ModesMeasure(SetMeasure):
    """Number of classes that at least 2 % of the draws are taken for."""

    @property
    def name(self) -> str:
        return "modes"

    def figure(self, drawn: Seen, real: Seen) -> float:
        metric = ModeCoverage(self.samples.classifier.spec.num_classes)
        metric.update(drawn.classes)
        return float(metric.compute())


class ClassKlMeasure(SetMeasure):
    """How unevenly the draws are spread over the classes, in nats; real images beside it."""

    @property
    def name(self) -> str:
        return "class_kl"

    def figure(self, drawn: Seen, real: Seen) -> float:
        metric = ClassKl(self.samples.classifier.spec.num_classes)
        metric.update(drawn.classes)
        return float(metric.compute())

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        return {f"{split} images": self.figure(real, real)}


class ClassAgreementMeasure(SetMeasure):
    """Share of draws that are taken for the class asked for; the classifier's accuracy on real images beside it."""

    @property
    def name(self) -> str:
        return "class_agreement"

    def unavailable(self, model: ImageModel) -> str | None:
        return super().unavailable(model) or _no_labels(model)

    def figure(self, drawn: Seen, real: Seen) -> float:
        assert drawn.images.labels is not None
        metric = ClassAgreement()
        metric.update(drawn.classes, drawn.images.labels)
        return float(metric.compute())

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        return {f"{split} images": self.figure(real, real)}


class DissimilarityMeasure(SetMeasure):
    """Mean ``1 - SSIM`` of pairs of draws; that of real images beside it."""

    @property
    def name(self) -> str:
        return "diversity"

    def figure(self, drawn: Seen, real: Seen) -> float:
        metric = Dissimilarity(self.samples.classifier.spec.levels)
        metric.update(drawn.images.pixels)
        return float(metric.compute())

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        return {f"{split} images": self.figure(real, real)}


class FeatureDistanceMeasure(SetMeasure):
    """Mean distance between draws in the features of a classifier; that of real images beside it."""

    @property
    def name(self) -> str:
        return "diversity[lenet]"

    def figure(self, drawn: Seen, real: Seen) -> float:
        metric = PairwiseDistance(drawn.features.shape[1])
        metric.update(drawn.features)
        return float(metric.compute())

    def beside(self, real: Seen, data: ImageData, split: str) -> dict[str, float]:
        return {f"{split} images": self.figure(real, real)}


class CasMeasure(Measure):
    """Accuracy on real images of a classifier trained on a model's draws; of one trained on real ones beside it.

    Args:
        per_class: draws of every class.
        seed: of the draws and of the training.
    """

    def __init__(self, *, per_class: int = 5_000, seed: int = 0) -> None:
        self.per_class = per_class
        self.seed = seed

    @property
    def name(self) -> str:
        return "cas"

    @property
    def settings(self) -> dict[str, Any]:
        return {"per_class": self.per_class, "seed": self.seed, "interval": "95 % bootstrap over images"}

    def unavailable(self, model: ImageModel) -> str | None:
        return _no_labels(model)

    def measure(self, model: ImageModel, data: ImageData, split: str) -> Measurement:
        images = data.split(split)
        drawn = draw_each_class(model, self.per_class, seed=self.seed)
        right = classification_accuracy_score(drawn, images, spec=data.spec, seed=self.seed)
        low, high = bootstrap_interval(right)
        train = data.split("train")
        beside = classification_accuracy_score(train, images, spec=data.spec, seed=self.seed)
        return Measurement(
            float(right.mean()), low, high, len(images), self.settings, beside={"train images": float(beside.mean())}
        )


def _no_labels(model: ImageModel) -> str | None:
    return None if model.class_conditional else f"this {type(model).__name__} does not draw by label"
