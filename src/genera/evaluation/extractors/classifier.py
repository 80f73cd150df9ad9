"""An image classifier, and its last hidden layer as features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genera.core import ImageModel, ImageSpec, Loss, Trainable, one_hot
from genera.evaluation.extractors.base import Extractor
from genera.zoo import TrainedModel

#: Creates a network ``(x, *, generator=None) -> (B, num_outputs)`` from a shape and ``num_outputs``. Its submodule
#: ``features`` returns ``(B, F)``.
ClassifierNetwork = Callable[[tuple[int, int, int], int], nn.Module]


class Classifier(Trainable):
    """Predicts the class of an image; its last hidden layer provides features.

    Pixels are scaled to [-1, 1].

    Args:
        spec: of the images.
        network: ``(shape, num_outputs)``, with a submodule ``features`` for all but the last layer and a submodule
            ``head`` for the last layer, as in :class:`~genera.networks.LeNet`.

    Raises:
        ValueError: the images have no labels, or the network has no such submodules.
    """

    def __init__(self, spec: ImageSpec, *, network: ClassifierNetwork) -> None:
        super().__init__(spec)
        if not spec.num_classes:
            raise ValueError("a classifier needs images with labels, got a data set without classes")
        self.network = network(spec.shape, spec.num_classes)
        if not {"features", "head"} <= set(dict(self.network.named_children())):
            name = type(self.network).__name__
            raise ValueError(f"network must have submodules features and head, as LeNet has, got {name}")

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """Cross-entropy ``(B,)`` in nats.

        Raises:
            ValueError: labels are missing or out of range.
        """
        x = self._scale(images)
        targets = one_hot(labels, self.spec.num_classes, count=len(x), dtype=x.dtype)
        logits = self.network(x, generator=generator).to(x.dtype)
        cross_entropy = F.cross_entropy(logits, targets, reduction="none")
        accuracy = (logits.argmax(dim=1) == targets.argmax(dim=1)).to(x.dtype)
        return Loss(cross_entropy, {"cross_entropy": cross_entropy}, {"accuracy": accuracy})

    def features(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to the activations of the last hidden layer, ``(B, F)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        self.spec.check(images)
        return self.network.get_submodule("features")(self._scale(images))

    def head(self, features: Tensor) -> Tensor:
        """Features ``(B, F)`` to logits ``(B, num_classes)``."""
        return self.network.get_submodule("head")(features)

    def logits(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to ``(B, num_classes)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        return self.head(self.features(images))

    def predict(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to the most probable classes, int64 ``(B,)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        return self.logits(images).argmax(dim=1)

    def _scale(self, images: Tensor) -> Tensor:
        """Scale pixels to [-1, 1]."""
        return self.spec.to_symmetric_range(images, self.dtype)


class ClassifierFeatures(Extractor):
    """The last hidden layer of a trained classifier, loaded on first use.

    Args:
        trained: the classifier.
        device: where it computes.
        allow: packages that its config may name besides genera.
    """

    name = "lenet"

    def __init__(self, trained: TrainedModel, *, device: torch.device | str = "cpu", allow: Sequence[str] = ()) -> None:
        self.trained, self.device, self.allow = trained, device, allow

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier in evaluation mode.

        Raises:
            ValueError: it cannot be loaded, or is not a classifier.
        """
        return load_classifier(self.trained, device=self.device, allow=self.allow)

    @property
    def digest(self) -> str:
        return self.trained.weights_digest

    def __call__(self, images: Tensor) -> Tensor:
        return self.classifier.features(images)

    def mismatch(self, model: ImageModel) -> str | None:
        own, other = self.classifier.spec, model.spec
        if (own.shape, own.levels) != (other.shape, other.levels):
            return f"{self.trained.name} takes images {own.shape} with {own.levels} levels, not {other.shape}"
        if model.class_conditional and own.num_classes != other.num_classes:
            return f"{self.trained.name} has {own.num_classes} classes, and the model has {other.num_classes}"
        return None


def load_classifier(
    trained: TrainedModel, *, device: torch.device | str = "cpu", allow: Sequence[str] = ()
) -> Classifier:
    """Load a trained classifier in evaluation mode; its config may name the packages ``allow`` besides genera.

    Raises:
        ValueError: it cannot be loaded, or is not a classifier.
    """
    model = trained.load(device=device, allow=allow)
    if not isinstance(model, Classifier):
        raise ValueError(f"{trained.name} is a {type(model).__name__}, not a classifier such as `lenet`")
    return model
