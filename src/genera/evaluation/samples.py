"""Sets of images as measures of sets see them: real ones and a model's draws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import ImageModel, ImageSpec
from genera.data import ImageSplit, SequentialBatches
from genera.evaluation.classifier import Classifier, load_classifier
from genera.evaluation.inception import Inception, load_inception
from genera.evaluation.random_features import RandomFeatures
from genera.evaluation.sampling import draw
from genera.zoo import TrainedModel, shipped_models

_BATCH = 500
#: They are made 299×299 for it.
_INCEPTION_BATCH = 20


class ImageFeatures:
    """A set of images, and what networks make of them as soon as somebody asks.

    Args:
        images: the images; their labels are those known, or those a model was asked for.
        spec: shape and levels.
        classifier: gives the classifier.
        inception: gives the Inception network, where somebody asks for its features.
    """

    def __init__(
        self,
        images: ImageSplit,
        *,
        spec: ImageSpec,
        classifier: Callable[[], Classifier],
        inception: Callable[[], Inception] | None = None,
    ) -> None:
        self.images = images
        self.spec = spec
        #: What was found of these images beside others, kept for whoever asks again.
        self.found: dict[Hashable, Any] = {}
        self._classifier = classifier
        self._inception = inception

    @property
    def features(self) -> Tensor:
        """The classifier's, ``(N, F)``."""
        return self._described[0]

    @property
    def logits(self) -> Tensor:
        """The classifier's, ``(N, K)``."""
        return self._described[1]

    @property
    def classes(self) -> Tensor:
        """What each image is taken for, int64 ``(N,)``."""
        return self.logits.argmax(dim=1)

    @property
    def num_classes(self) -> int:
        """How many the classifier tells apart."""
        return self.logits.shape[1]

    @cached_property
    def random_features(self) -> Tensor:
        """Those of :class:`RandomFeatures`, ``(N, F)``."""
        network = RandomFeatures(self.spec)
        return torch.cat([network(pixels) for pixels in self.batches()])

    @cached_property
    @torch.no_grad()
    def inception_features(self) -> Tensor:
        """Those of :class:`Inception`, ``(N, 2048)``."""
        assert self._inception is not None, "only measures in its space ask for them, and those name its file"
        network = self._inception()
        batches = self.images.pixels.split(_INCEPTION_BATCH)
        bar = tqdm(batches, desc="looking at images through Inception", leave=False)
        return torch.cat([network(pixels, levels=self.spec.levels) for pixels in bar])

    @cached_property
    @torch.no_grad()
    def _described(self) -> tuple[Tensor, Tensor]:
        """The classifier's features and logits."""
        classifier = self._classifier()
        features, logits = zip(*[classifier.describe(pixels) for pixels in self.batches()], strict=True)
        return torch.cat(features), torch.cat(logits)

    def batches(self) -> Iterator[Tensor]:
        """The pixels in their order, uint8 ``(B, C, H, W)``, with a progress bar where there are many."""
        batches = SequentialBatches(self.images, batch_size=min(_BATCH, len(self.images)))
        for pixels, _ in tqdm(batches, desc="looking at images", leave=False, disable=len(self.images) <= 2 * _BATCH):
            yield pixels


class Samples:
    """Real images and draws of a model, made once for all measures that ask for them.

    A class-conditional model draws every class equally often.

    Args:
        classifier: looks at both; None where there is none for the data.
        max_images: of either set; there are as many draws as real images.
        num_seeds: independent sets of draws.
        allow: packages that the classifier's config may name besides ours.
        inception: a file with the weights of the Inception network; None for none.

    Attributes:
        trained: the classifier as it lies on the disk.
    """

    def __init__(
        self,
        classifier: TrainedModel | None,
        *,
        max_images: int = 10_000,
        num_seeds: int = 5,
        allow: Sequence[str] = (),
        inception: Path | None = None,
    ) -> None:
        self.trained = classifier
        self.inception_file = inception
        self.max_images = max_images
        self.num_seeds = num_seeds
        self.allow = allow
        self._classifier: Classifier | None = None
        self._inception: Inception | None = None
        self._model: ImageModel | None = None
        self._drawn: dict[tuple[int, int], ImageFeatures] = {}
        self._real: dict[tuple[str, int], ImageFeatures] = {}

    def classifier(self) -> Classifier:
        """The classifier, loaded when it is first needed.

        Raises:
            ValueError: it cannot be loaded, or is none.
        """
        assert self.trained is not None
        if self._classifier is None:
            self._classifier = load_classifier(self.trained, allow=self.allow)
        return self._classifier

    @cached_property
    def inception_digest(self) -> str:
        """SHA-256 of the file of Inception's weights, in hex.

        Raises:
            OSError: the file cannot be read.
        """
        assert self.inception_file is not None
        return hashlib.sha256(self.inception_file.read_bytes()).hexdigest()

    def inception(self) -> Inception:
        """The Inception network, loaded when it is first needed.

        Raises:
            ValueError: its file is not one.
        """
        assert self.inception_file is not None
        if self._inception is None:
            self._inception = load_inception(self.inception_file)
        return self._inception

    def cannot_look_at(self, model: ImageModel) -> str | None:
        """Why the classifier cannot look at what a model draws; None where it can.

        Raises:
            ValueError: the classifier cannot be loaded, or is none.
        """
        if self.trained is None:
            return "there is no classifier for these data: `genera train lenet` makes one, --classifier takes it"
        own, other = self.classifier().spec, model.spec
        if (own.shape, own.levels) != (other.shape, other.levels):
            return f"{self.trained.name} takes images {own.shape} with {own.levels} levels, not {other.shape}"
        if model.class_conditional and own.num_classes != other.num_classes:
            return f"{self.trained.name} tells {own.num_classes} classes apart, and the model draws {other.num_classes}"
        return None

    def real(self, images: ImageSplit, *, spec: ImageSpec, count: int) -> ImageFeatures:
        """So many of the images, as :func:`some_of` chooses them."""
        key = images.digest, count
        if key not in self._real:
            self._real[key] = self._seen(some_of(images, count), spec)
        return self._real[key]

    def drawn(self, model: ImageModel, count: int, seed: int) -> ImageFeatures:
        """Draws of a model; those of one model at a time are kept."""
        if model is not self._model:
            self._model, self._drawn = model, {}
        if (count, seed) not in self._drawn:
            labels = torch.arange(count) % model.spec.num_classes if model.class_conditional else None
            images = ImageSplit(draw(model, count, labels=labels, seed=seed), labels)
            self._drawn[count, seed] = self._seen(images, model.spec)
        return self._drawn[count, seed]

    def _seen(self, images: ImageSplit, spec: ImageSpec) -> ImageFeatures:
        return ImageFeatures(images, spec=spec, classifier=self.classifier, inception=self.inception)


def some_of(images: ImageSplit, count: int) -> ImageSplit:
    """So many of the images, or all where there are no more, the same ones every time.

    They are chosen at random: the first ones of a file may be of another kind. Of MNIST's test images they are by other
    writers than the last ones.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images.subset(order[:count].sort().values)


def classifier_of(data_name: str) -> TrainedModel | None:
    """The classifier that ships for a data set; None where there is none."""
    return next((trained for trained in shipped_models() if trained.name == f"lenet-{data_name}"), None)
