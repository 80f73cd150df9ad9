"""Measures of sets: comparisons of many generated images with real images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor
from tqdm.auto import tqdm

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.intervals import t_interval
from genera.evaluation.measure import Measure, Measurement, has_pixels, samples_classes, samples_images
from genera.evaluation.subject import Subject


@dataclass(frozen=True, eq=False, kw_only=True)
class SetMeasure(Measure):
    """A comparison of generated with real images. Its references are other real images and uniform noise.

    The value is the mean over independent sets of generated images, with Student's t interval over them: a bootstrap
    over the images of one set would bias distances between sets.

    Args:
        compare: maps generated and real images to a value ``()``.
        extractor: name of the network that ``compare`` uses, if any.
        needs_labels: whether it uses the labels that generated images are conditional on.
        min_size: minimum height and width of the images.
        min_count: minimum number of images in a set.
        bounds: lowest and highest possible value.
    """

    compare: Callable[[ImageSet, ImageSet], Tensor]
    extractor: str | None = None
    needs_labels: bool = False
    min_size: int = 1
    min_count: int = 2
    bounds: tuple[float, float] = (0.0, math.inf)

    def value(self, generated: ImageSet, real: ImageSet) -> float:
        """The value of one set of generated images."""
        return float(self.compare(generated, real))

    def unavailable(self, subject: Subject) -> str | None:
        reason = samples_images(subject) or has_pixels(subject, self.min_size)
        if reason is None and self.needs_labels:
            reason = samples_classes(subject)
        count = subject.protocol.set_size
        if reason is None and count < self.min_count:
            reason = f"needs sets of at least {self.min_count} images, got {count}"
        if reason is not None or self.extractor is None:
            return reason
        extractor = subject.protocol.extractors.get(self.extractor)
        return EXTRACTORS[self.extractor] if extractor is None else extractor.mismatch(subject.model)

    def settings(self, subject: Subject) -> dict[str, Any]:
        protocol = subject.protocol
        extractor = {} if self.extractor is None else {"extractor": protocol.extractors[self.extractor].digest}
        return {
            **extractor,
            "max_images": protocol.count,
            "num_seeds": protocol.num_seeds,
            "interval": "95 % of Student's t over the seeds",
        }

    def other_splits(self, subject: Subject) -> list[str]:
        return subject.protocol.reference_splits

    def measure(self, subject: Subject) -> Measurement:
        protocol = subject.protocol
        real, reference_sets = protocol.real, protocol.reference_sets
        if self.needs_labels:
            reference_sets = {name: one for name, one in reference_sets.items() if one.images.labels is not None}
        with tqdm(total=protocol.num_seeds + len(reference_sets), desc=self.name, leave=False) as bar:
            values = []
            for seed in range(protocol.num_seeds):
                values.append(self.value(subject.generated(seed), real))
                bar.update()
            references: dict[str, float] = {}
            for name, images in reference_sets.items():
                references[name] = images.kept((self, real), partial(self.value, images, real))
                bar.update()
        lowest, highest = self.bounds
        low, high = (min(max(end, lowest), highest) for end in t_interval(values))
        return Measurement(sum(values) / len(values), low, high, len(real.images), self.settings(subject), references)
