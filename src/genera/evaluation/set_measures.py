"""Measures of sets: comparisons of many generated images with real images.

Each is the mean over independent sets of generated images with Student's t interval over them: a bootstrap over the
images of one set would bias distances between sets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import torch
from tqdm.auto import tqdm

from genera.core import Generative, ImageModel, ImageSpec
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.cas import cas_training_settings, classification_accuracy_score, sample_each_class
from genera.evaluation.intervals import t_interval
from genera.evaluation.measures import Measure, Measurement, class_mismatch
from genera.evaluation.random_features import RandomFeatures
from genera.evaluation.samples import Samples
from genera.evaluation.set_metrics import SetMetric

NOT_CONDITIONAL = "the model is not class-conditional"
#: The network that computes features or classes of images for a metric.
Extractor = Literal["classifier", "random", "inception", "nothing"]


@dataclass(frozen=True, eq=False)
class SetMeasure(Measure):
    """A metric of sets of generated images. Its references are other real images and uniform noise.

    Args:
        name: key in ``evaluation.json``.
        metric: maps generated and real images to a value ``()``.
        samples: provides generated and real images.
        extractor: network that the metric uses: a classifier, a network with random weights, Inception, or nothing.
        needs_labels: whether the metric uses the labels that generated images are conditional on.
        min_size: minimum height and width of the images.
        min_count: minimum number of images in a set.
        minimum: lower bound of the metric.
        maximum: upper bound of the metric.
    """

    name: str
    metric: SetMetric
    _: KW_ONLY
    samples: Samples
    extractor: Extractor = "classifier"
    needs_labels: bool = False
    min_size: int = 1
    min_count: int = 2
    minimum: float = 0.0
    maximum: float = math.inf

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "extractor": self._extractor_id(),
            "max_images": self.samples.max_images,
            "num_seeds": self.samples.num_seeds,
            "interval": "95 % of Student's t over the seeds",
        }

    def _extractor_id(self) -> str:
        """SHA-256 of the extractor's weights if they come from a file, otherwise its name."""
        if self.extractor == "classifier" and self.samples.trained_classifier is not None:
            return self.samples.trained_classifier.weights_digest
        if self.extractor == "inception":
            return self.samples.inception_digest
        return self.extractor

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Generative):
            return f"{type(model).__name__} does not generate images"
        if self.needs_labels and not model.class_conditional:
            return NOT_CONDITIONAL
        if (count := min(self.samples.max_images, len(data.split(split)))) < self.min_count:
            return f"needs sets of at least {self.min_count} images, got {count}"
        if min(data.spec.shape[1:]) < self.min_size:
            return f"needs images of at least {self.min_size} pixels per side, got {data.spec.shape[1:]}"
        if self.extractor == "inception":
            if data.spec.channels not in (1, 3):
                return f"Inception takes images with 1 or 3 channels, got {data.spec.channels}"
            # Fails before any image is generated if the file is invalid.
            _ = self.samples.inception
        return self.samples.classifier_mismatch(model) if self.extractor == "classifier" else None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        other = "test" if split == "validation" else "validation"
        return [other] if other in data.split_names else []

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        count = min(self.samples.max_images, len(data.split(split)))
        real = self.samples.real(data.split(split), spec=data.spec, count=count)
        reference_sets = {
            name: self.samples.real(images, spec=data.spec, count=count)
            for name, images in self._reference_images(data, split=split, count=count)
        }
        values: list[float] = []
        with tqdm(total=self.samples.num_seeds + len(reference_sets), desc=self.name, leave=False) as bar:
            for seed in range(self.samples.num_seeds):
                values.append(float(self.metric(self.samples.generated(model, count, seed), real)))
                bar.update()
            references = {}
            for name, images in reference_sets.items():
                references[name] = float(self.metric(images, real))
                bar.update()
        low, high = (min(max(end, self.minimum), self.maximum) for end in t_interval(values))
        settings = self.settings
        if self.extractor == "random":
            settings["weights"] = RandomFeatures(data.spec).digest
        return Measurement(sum(values) / len(values), low, high, count, settings, references)

    def _reference_images(self, data: ImageDataset, *, split: str, count: int) -> Iterator[tuple[str, ImageSplit]]:
        for other in self.other_splits(data, split=split):
            images = data.split(other)
            if len(images) > 1 and (images.labels is not None or not self.needs_labels):
                # Values for different numbers of images are not comparable, so the name states a lower one.
                yield f"{other} images" if len(images) >= count else f"{len(images):,} {other} images", images
        if not self.needs_labels:
            yield "uniform noise", uniform_noise(data.spec, count)


def uniform_noise(spec: ImageSpec, count: int) -> ImageSplit:
    """Images with independent, uniformly distributed pixel values."""
    generator = torch.Generator().manual_seed(0)
    return ImageSplit(torch.randint(spec.levels, (count, *spec.shape), generator=generator, dtype=torch.uint8))


@dataclass(frozen=True, eq=False, kw_only=True)
class CasMeasure(Measure):
    """Accuracy on real images of a classifier trained on generated images; the reference is trained on real images.

    Args:
        per_class: generated images per class.
        seed: of the generated images and of the training.
    """

    per_class: int = 5_000
    seed: int = 0
    name = "cas"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "per_class": self.per_class,
            "seed": self.seed,
            "training": cas_training_settings(),
            "interval": "95 % bootstrap over images",
        }

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not model.class_conditional:
            return NOT_CONDITIONAL
        if "train" not in data.split_names:
            return f"{data.name} has no training images for the reference value"
        return class_mismatch(model, data)

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["train"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        images = data.split(split)
        generated = sample_each_class(model, self.per_class, seed=self.seed)
        is_correct = classification_accuracy_score(generated, images, spec=data.spec, seed=self.seed)
        train = data.split("train")
        is_correct_of_real = classification_accuracy_score(train, images, spec=data.spec, seed=self.seed)
        return Measurement.mean_of(is_correct, self.settings, {"train images": float(is_correct_of_real.mean())})
