"""What a classifier makes of real images and of a model's draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import ImageModel
from genera.data import Images, InOrder
from genera.evaluation.classifier import Classifier
from genera.evaluation.drawing import draw
from genera.zoo import TrainedModel, shipped_models


@dataclass(frozen=True, eq=False)
class Seen:
    """A set of images as a classifier sees it.

    Args:
        images: the images; their labels are those known, or those a model was asked for.
        features: ``(N, F)``.
        classes: what each is taken for, int64 ``(N,)``.
        num_classes: that there are.
        levels: number of pixel values.
    """

    images: Images
    features: Tensor
    classes: Tensor
    num_classes: int
    levels: int


class Samples:
    """Real images and draws of a model as a classifier sees them, made once for all measures that ask for them.

    A class-conditional model draws every class equally often.

    Args:
        classifier: the trained classifier; None where there is none for the data.
        max_images: of either set; there are as many draws as real images.
        num_seeds: independent sets of draws.
    """

    def __init__(self, classifier: TrainedModel | None, *, max_images: int = 10_000, num_seeds: int = 5) -> None:
        self.trained = classifier
        self.max_images = max_images
        self.num_seeds = num_seeds
        self._model: ImageModel | None = None
        self._drawn: dict[tuple[int, int], Seen] = {}

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier, loaded.

        Raises:
            ValueError: it cannot be loaded, or is none.
        """
        assert self.trained is not None
        model = self.trained.load()
        if not isinstance(model, Classifier):
            raise ValueError(f"{self.trained.name} is no classifier but a {type(model).__name__}: give one of `lenet`")
        return model

    @property
    def settings(self) -> dict[str, Any]:
        """All that what is seen depends on."""
        digest = None if self.trained is None else self.trained.weights_digest
        return {
            "extractor": None if self.trained is None else self.trained.run.path.name,
            "extractor_weights": digest,
            "max_images": self.max_images,
            "num_seeds": self.num_seeds,
        }

    def unavailable(self, model: ImageModel) -> str | None:
        """Why the classifier cannot look at what a model draws; None where it can."""
        if self.trained is None:
            return "there is no classifier for these data: `genera train lenet` makes one, --classifier takes it"
        own, other = self.classifier.spec, model.spec
        if (own.shape, own.levels) != (other.shape, other.levels):
            return f"{self.trained.name} takes images {own.shape} with {own.levels} levels, not {other.shape}"
        return None

    def real(self, images: Images) -> Seen:
        """The first so many images of a split."""
        return self._seen(images.subset(torch.arange(min(self.max_images, len(images)))))

    def drawn(self, model: ImageModel, count: int, seed: int) -> Seen:
        """Draws of a model; those of one model at a time are kept."""
        if model is not self._model:
            self._model, self._drawn = model, {}
        if (count, seed) not in self._drawn:
            labels = torch.arange(count) % model.spec.num_classes if model.class_conditional else None
            self._drawn[count, seed] = self._seen(Images(draw(model, count, labels=labels, seed=seed), labels))
        return self._drawn[count, seed]

    @torch.no_grad()
    def _seen(self, images: Images) -> Seen:
        batches = InOrder(images, batch_size=min(500, len(images)))
        bar = tqdm(batches, desc="looking at images", leave=False, disable=len(images) <= 1000)
        described = [self.classifier.describe(pixels) for pixels, _ in bar]
        features, logits = (torch.cat(parts) for parts in zip(*described, strict=True))
        spec = self.classifier.spec
        return Seen(images, features, logits.argmax(dim=1), spec.num_classes, spec.levels)


def classifier_of(data_name: str) -> TrainedModel | None:
    """The classifier that ships for a data set; None where there is none."""
    return next((trained for trained in shipped_models() if trained.name == f"lenet-{data_name}"), None)
