"""Measures of sets: what many draws of a model have in common with real images, and what not.

Each is the mean over independent sets of draws, with the interval of Student's t over them: a bootstrap over the images
of one set would bias distances between sets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import torch
from tqdm import tqdm

from genera.core import Generative, ImageModel, ImageSpec
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.cas import cas_training, classification_accuracy_score, sample_each_class
from genera.evaluation.intervals import bootstrap_interval, t_interval
from genera.evaluation.measures import Measure, Measurement, cannot_compare_classes
from genera.evaluation.random_features import RandomFeatures
from genera.evaluation.samples import Samples
from genera.evaluation.set_metrics import SetMetric

NO_LABELS = "it does not draw by label"
#: What looks at images before a figure is taken of them.
Extractor = Literal["classifier", "random", "inception", "nothing"]


class SetMeasure(Measure):
    """A figure of a set of draws. Beside it stand those of other real images and of uniform noise.

    Args:
        name: as it stands in ``evaluation.json``.
        figure: of draws and of real images, ``()``.
        samples: the draws and the real images.
        through: what looks at them first: a classifier, a network with random weights, Inception, or nothing.
        by_label: whether it asks for draws by label.
        least_size: height and width that images must have.
        least_count: images that there must be in a set.
        least: that the figure can be.
        most: that it can be.
    """

    def __init__(
        self,
        name: str,
        metric: SetMetric,
        *,
        samples: Samples,
        extractor: Extractor = "classifier",
        by_label: bool = False,
        least_size: int = 1,
        least_count: int = 2,
        least: float = 0.0,
        most: float = math.inf,
    ) -> None:
        self._name = name
        self.metric = metric
        self.samples = samples
        self.extractor = extractor
        self.by_label = by_label
        self.least_size = least_size
        self.least_count = least_count
        self.least = least
        self.most = most

    @property
    def name(self) -> str:
        return self._name

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "extractor": self._extractor(),
            "max_images": self.samples.max_images,
            "num_seeds": self.samples.num_seeds,
            "interval": "95 % of Student's t over the seeds",
        }

    def _extractor(self) -> str:
        """The SHA-256 of its weights where they come from a file, what it is elsewhere."""
        if self.extractor == "classifier" and self.samples.trained is not None:
            return self.samples.trained.weights_digest
        if self.extractor == "inception":
            return self.samples.inception_digest
        return self.extractor

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Generative):
            return f"{type(model).__name__} draws no images"
        if self.by_label and not model.class_conditional:
            return NO_LABELS
        if (count := min(self.samples.max_images, len(data.split(split)))) < self.least_count:
            return f"it takes sets of at least {self.least_count} images, and these are of {count}"
        if min(data.spec.shape[1:]) < self.least_size:
            return f"it takes images of at least {self.least_size} pixels, and these have {data.spec.shape[1:]}"
        if self.extractor == "inception":
            if data.spec.channels not in (1, 3):
                return f"Inception takes grey images or those in colour, and these have {data.spec.channels} channels"
            # A file that is none is found before anything is drawn.
            self.samples.inception()
        return self.samples.cannot_look_at(model) if self.extractor == "classifier" else None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        other = "test" if split == "validation" else "validation"
        return [other] if other in data.split_names else []

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        count = min(self.samples.max_images, len(data.split(split)))
        real = self.samples.real(data.split(split), spec=data.spec, count=count)
        others = {
            name: self.samples.real(images, spec=data.spec, count=count)
            for name, images in self._others(data, split=split, count=count)
        }
        values: list[float] = []
        with tqdm(total=self.samples.num_seeds + len(others), desc=self.name, leave=False) as bar:
            for seed in range(self.samples.num_seeds):
                values.append(float(self.metric(self.samples.drawn(model, count, seed), real)))
                bar.update()
            references = {}
            for name, seen in others.items():
                references[name] = float(self.metric(seen, real))
                bar.update()
        low, high = (min(max(end, self.least), self.most) for end in t_interval(values))
        settings = self.settings
        if self.extractor == "random":
            settings["weights"] = RandomFeatures(data.spec).digest
        return Measurement(sum(values) / len(values), low, high, count, settings, references)

    def _others(self, data: ImageDataset, *, split: str, count: int) -> Iterator[tuple[str, ImageSplit]]:
        for other in self.other_splits(data, split=split):
            images = data.split(other)
            if len(images) > 1 and (images.labels is not None or not self.by_label):
                # A figure of fewer images is another figure.
                yield f"{other} images" if len(images) >= count else f"{len(images):,} {other} images", images
        if not self.by_label:
            yield "uniform noise", uniform_noise(data.spec, count)


def uniform_noise(spec: ImageSpec, count: int) -> ImageSplit:
    """Images of which every pixel has every value equally often."""
    generator = torch.Generator().manual_seed(0)
    return ImageSplit(torch.randint(spec.levels, (count, *spec.shape), generator=generator, dtype=torch.uint8))


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
        return {
            "per_class": self.per_class,
            "seed": self.seed,
            "training": cas_training(),
            "interval": "95 % bootstrap over images",
        }

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not model.class_conditional:
            return NO_LABELS
        if "train" not in data.split_names:
            return f"{data.name} has no training images, whose score is to stand beside it"
        return cannot_compare_classes(model, data)

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["train"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        images = data.split(split)
        drawn = sample_each_class(model, self.per_class, seed=self.seed)
        right = classification_accuracy_score(drawn, images, spec=data.spec, seed=self.seed)
        low, high = bootstrap_interval(right)
        train = data.split("train")
        references = classification_accuracy_score(train, images, spec=data.spec, seed=self.seed)
        return Measurement(
            float(right.mean()),
            low,
            high,
            len(images),
            self.settings,
            references={"train images": float(references.mean())},
        )
