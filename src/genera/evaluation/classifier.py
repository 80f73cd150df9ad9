"""A classifier of images, for measures that ask for classes or features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genera.core import ImageSpec, Loss, Trainable, one_hot
from genera.zoo import TrainedModel

#: Makes a network ``(x, *, generator=None) -> (B, num_outputs)`` for a shape and a number of outputs. Its part
#: ``features`` gives ``(B, F)``.
ClassifierNetwork = Callable[[tuple[int, int, int], int], nn.Module]


class Classifier(Trainable):
    """Tells the class of an image, and describes images by what it tells classes by.

    Pixels are scaled to [-1, 1].

    Args:
        spec: the images.
        network: ``(shape, num_outputs)``, with a part ``features`` for all but its last layer and a part ``head`` for
            that, as :class:`~genera.networks.LeNet` has.

    Raises:
        ValueError: the images have no labels, or the network has no such parts.
    """

    def __init__(self, spec: ImageSpec, *, network: ClassifierNetwork) -> None:
        super().__init__()
        if not spec.num_classes:
            raise ValueError("a classifier needs images with labels, got a data set without classes")
        self.spec = spec
        self.network = network(spec.shape, spec.num_classes)
        parts = dict(self.network.named_children())
        if not {"features", "head"} <= set(parts):
            name = type(self.network).__name__
            raise ValueError(f"network must have parts named features and head, as LeNet has, got {name}")

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """Cross-entropy ``(B,)`` in nats.

        Raises:
            ValueError: labels are missing, or of other classes.
        """
        x = self._scaled(images)
        targets = one_hot(labels, self.spec.num_classes, count=len(x), dtype=x.dtype)
        logits = self.network(x, generator=generator).to(x.dtype)
        cross_entropy = F.cross_entropy(logits, targets, reduction="none")
        accuracy = (logits.argmax(dim=1) == targets.argmax(dim=1)).to(x.dtype)
        return Loss(cross_entropy, {"cross_entropy": cross_entropy}, {"accuracy": accuracy})

    def features(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to the values of the last layer but one, ``(B, F)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        self.spec.check(images)
        return self.network.get_submodule("features")(self._scaled(images))

    def describe(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 ``(B, C, H, W)`` to features ``(B, F)`` and logits ``(B, num_classes)``, in one pass.

        Raises:
            ValueError: the images do not fit the spec.
        """
        features = self.features(images)
        return features, self.network.get_submodule("head")(features)

    def logits(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to ``(B, num_classes)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        return self.describe(images)[1]

    def predict(self, images: Tensor) -> Tensor:
        """uint8 ``(B, C, H, W)`` to the likeliest classes, int64 ``(B,)``.

        Raises:
            ValueError: the images do not fit the spec.
        """
        return self.logits(images).argmax(dim=1)

    def _scaled(self, images: Tensor) -> Tensor:
        """Pixels in [-1, 1]."""
        return self.spec.to_symmetric_range(images, next(self.network.parameters()).dtype)


def load_classifier(trained: TrainedModel, *, allow: Sequence[str] = ()) -> Classifier:
    """A trained classifier, in evaluation mode; its config may name the packages allowed besides ours.

    Raises:
        ValueError: it cannot be loaded, or is none.
    """
    model = trained.load(allow=allow)
    if not isinstance(model, Classifier):
        raise ValueError(f"{trained.name} is no classifier but a {type(model).__name__}: give one of `lenet`")
    return model
