"""The protocol of an evaluation: all that measures depend on besides the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path

import torch

from genera.core import check_positive
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.extractors import ClassifierFeatures, Extractor, InceptionFeatures, RandomFeatures
from genera.evaluation.image_set import ImageSet, random_subset, uniform_noise
from genera.zoo import TrainedModel, shipped_models

#: Images in each set, or the number of real images if that is lower.
DEFAULT_COUNT = 10_000


@dataclass(eq=False)
class EvaluationProtocol:
    """All that measures depend on besides the model. Models that are compared share one, and with it real images.

    Args:
        data: the data set.
        split: name of the split to measure on.
        classifier: computes features and classes; without one, measures that use them are unavailable.
        inception: a file with the weights of the Inception network; without one there are no measures of it.
        count: maximum number of generated, and of real, images in a set; both sets have the same size.
        num_seeds: number of independent sets of generated images.
        device: where models and extractors compute.
        allow: packages that configs of the model and of the classifier may name besides genera.

    Raises:
        ValueError: ``count`` is not positive, or ``num_seeds`` below 2, which leave no interval.
    """

    data: ImageDataset
    _: KW_ONLY
    split: str = "test"
    classifier: TrainedModel | None = None
    inception: Path | None = None
    count: int = DEFAULT_COUNT
    num_seeds: int = 5
    device: torch.device | str = "cpu"
    allow: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_positive(count=self.count)
        if self.num_seeds < 2:
            raise ValueError(f"num_seeds must be at least 2, for an interval, got {self.num_seeds}")
        self.device = torch.device(self.device)

    @cached_property
    def extractors(self) -> dict[str, Extractor]:
        """Extractors of features by name; they load their weights on first use."""
        extractors: list[Extractor] = [RandomFeatures(self.data.spec).to(self.device)]
        if self.classifier is not None:
            extractors.append(ClassifierFeatures(self.classifier, device=self.device, allow=self.allow))
        if self.inception is not None:
            extractors.append(InceptionFeatures(self.inception, levels=self.data.spec.levels, device=self.device))
        return {extractor.name: extractor for extractor in extractors}

    @property
    def images(self) -> ImageSplit:
        """All images of the split."""
        return self.data.split(self.split)

    @property
    def set_size(self) -> int:
        """Number of images in each set."""
        return min(self.count, len(self.images))

    @cached_property
    def real(self) -> ImageSet:
        """The real images that generated ones are compared with."""
        return self.image_set(random_subset(self.images, self.set_size))

    @property
    def reference_splits(self) -> list[str]:
        """The splits, besides :attr:`split`, whose images are a reference."""
        other = "test" if self.split == "validation" else "validation"
        return [other] if other in self.data.split_names else []

    @cached_property
    def reference_sets(self) -> dict[str, ImageSet]:
        """Sets to compare the real images with instead of generated ones, by name: other real images, and noise."""
        sets = {}
        for name in self.reference_splits:
            images = random_subset(self.data.split(name), self.set_size)
            if len(images) > 1:
                # Values for different numbers of images are not comparable, so the name states a lower one.
                prefix = "" if len(images) == self.set_size else f"{len(images):,} "
                sets[f"{prefix}{name} images"] = self.image_set(images)
        return sets | {"uniform noise": self.image_set(uniform_noise(self.data.spec, self.set_size))}

    def image_set(self, images: ImageSplit) -> ImageSet:
        """A set of images with the features of this protocol."""
        return ImageSet(images, self.data.spec, self.extractors, torch.device(self.device))


def classifier_of(data_name: str) -> TrainedModel | None:
    """The shipped classifier for a data set; None if there is none."""
    return next((trained for trained in shipped_models() if trained.name == f"lenet-{data_name}"), None)
