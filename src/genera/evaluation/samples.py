"""Sets of real and generated images with their features, for measures of sets."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import ImageModel, ImageSpec
from genera.data import ImageSplit, SequentialBatches
from genera.evaluation.classifier import Classifier, load_classifier
from genera.evaluation.inception import Inception, load_inception
from genera.evaluation.random_features import RandomFeatures
from genera.evaluation.sampling import sample_images
from genera.zoo import TrainedModel, shipped_models

_BATCH = 500
#: Small, as the images are scaled to 299×299.
_INCEPTION_BATCH = 20


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """A set of images and their features, computed on first use.

    Args:
        images: the images, with their labels; of generated images those that the model was conditional on.
        spec: shape and levels.
        samples: has the networks that compute features.
        cache: results of comparisons with other sets, by any key.
    """

    images: ImageSplit
    spec: ImageSpec
    samples: Samples
    cache: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def features(self) -> Tensor:
        """Features of the classifier, ``(N, F)``."""
        return self._features_and_logits[0]

    @property
    def logits(self) -> Tensor:
        """Logits of the classifier, ``(N, K)``."""
        return self._features_and_logits[1]

    @property
    def classes(self) -> Tensor:
        """Predicted classes, int64 ``(N,)``."""
        return self.logits.argmax(dim=1)

    @property
    def num_classes(self) -> int:
        """Number of classes of the classifier."""
        return self.logits.shape[1]

    @cached_property
    def random_features(self) -> Tensor:
        """Features of :class:`RandomFeatures`, ``(N, F)``."""
        network = RandomFeatures(self.spec)
        return torch.cat([network(pixels) for pixels in self.batches()])

    @cached_property
    @torch.no_grad()
    def inception_features(self) -> Tensor:
        """Features of :class:`Inception`, ``(N, 2048)``."""
        network = self.samples.inception
        batches = self.images.pixels.split(_INCEPTION_BATCH)
        bar = tqdm(batches, desc="Inception features", leave=False)
        return torch.cat([network(pixels, levels=self.spec.levels) for pixels in bar])

    @cached_property
    @torch.no_grad()
    def _features_and_logits(self) -> tuple[Tensor, Tensor]:
        """Features and logits of the classifier."""
        classifier = self.samples.classifier
        features, logits = zip(*[classifier.features_and_logits(pixels) for pixels in self.batches()], strict=True)
        return torch.cat(features), torch.cat(logits)

    def batches(self) -> Iterator[Tensor]:
        """Batches of pixels in order, uint8 ``(B, C, H, W)``, with a progress bar for many images."""
        batches = SequentialBatches(self.images, batch_size=min(_BATCH, len(self.images)))
        for pixels, _ in tqdm(batches, desc="features", leave=False, disable=len(self.images) <= 2 * _BATCH):
            yield pixels


@dataclass(eq=False)
class Samples:
    """Real and generated images, shared by all measures so that they are computed once.

    A class-conditional model generates equally many images of every class.

    Args:
        trained_classifier: computes features and classes; None if there is no classifier for the data.
        max_images: size of each set; both sets have the same size.
        num_seeds: number of independent sets of generated images.
        allow: packages that the classifier's config may name besides genera.
        inception_file: the weights of the Inception network, or None.
    """

    trained_classifier: TrainedModel | None
    max_images: int = 10_000
    num_seeds: int = 5
    allow: Sequence[str] = ()
    inception_file: Path | None = None
    _model: ImageModel | None = field(default=None, init=False)
    _generated: dict[tuple[int, int], ImageFeatures] = field(default_factory=dict, init=False)
    _real: dict[tuple[str, int], ImageFeatures] = field(default_factory=dict, init=False)

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier, loaded on first use.

        Raises:
            ValueError: it cannot be loaded, or is not a classifier.
        """
        assert self.trained_classifier is not None
        return load_classifier(self.trained_classifier, allow=self.allow)

    @cached_property
    def inception_digest(self) -> str:
        """SHA-256 of the file with the Inception weights, in hex.

        Raises:
            OSError: the file cannot be read.
        """
        assert self.inception_file is not None
        return hashlib.sha256(self.inception_file.read_bytes()).hexdigest()

    @cached_property
    def inception(self) -> Inception:
        """The Inception network, loaded on first use.

        Raises:
            ValueError: the file does not contain its weights.
        """
        assert self.inception_file is not None, "only measures that are created with a file of weights use the network"
        return load_inception(self.inception_file)

    def classifier_mismatch(self, model: ImageModel) -> str | None:
        """Return why the classifier cannot classify the images of a model; None if it can.

        Raises:
            ValueError: the classifier cannot be loaded, or is not a classifier.
        """
        if self.trained_classifier is None:
            return "no classifier for these data: train one with `genera train lenet`, then give it as --classifier"
        name, own, other = self.trained_classifier.name, self.classifier.spec, model.spec
        if (own.shape, own.levels) != (other.shape, other.levels):
            return f"{name} takes images {own.shape} with {own.levels} levels, not {other.shape}"
        if model.class_conditional and own.num_classes != other.num_classes:
            return f"{name} has {own.num_classes} classes, and the model has {other.num_classes}"
        return None

    def real(self, images: ImageSplit, *, spec: ImageSpec, count: int) -> ImageFeatures:
        """``count`` of the images, chosen by :func:`random_subset`."""
        key = images.digest, count
        if key not in self._real:
            self._real[key] = ImageFeatures(random_subset(images, count), spec, self)
        return self._real[key]

    def generated(self, model: ImageModel, count: int, seed: int) -> ImageFeatures:
        """Generated images of a model; only those of the last model are kept."""
        if model is not self._model:
            self._model, self._generated = model, {}
        if (count, seed) not in self._generated:
            labels = torch.arange(count) % model.spec.num_classes if model.class_conditional else None
            images = ImageSplit(sample_images(model, count, labels=labels, seed=seed), labels)
            self._generated[count, seed] = ImageFeatures(images, model.spec, self)
        return self._generated[count, seed]


def random_subset(images: ImageSplit, count: int) -> ImageSplit:
    """``count`` of the images, or all if there are fewer, always the same ones.

    They are chosen at random, as the first images of a file may differ from the others: those of MNIST's test images
    are by other writers than the last ones.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images.subset(order[:count].sort().values)


def classifier_of(data_name: str) -> TrainedModel | None:
    """The shipped classifier for a data set; None if there is none."""
    return next((trained for trained in shipped_models() if trained.name == f"lenet-{data_name}"), None)
