"""The subject of an evaluation: a model, and what several measures need of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor

from genera.core import ImageModel, has_density
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.image_set import ImageSet
from genera.evaluation.likelihood import log_probs
from genera.evaluation.protocol import EvaluationProtocol
from genera.evaluation.reconstruction import reconstruct_images
from genera.evaluation.sampling import sample_images


class Subject:
    """A model to be measured. What several measures need of it is computed on first use and kept.

    Args:
        model: in evaluation mode, on the device of the protocol.
        protocol: data, split, sizes of sets and extractors.
        is_own_data: whether the model was trained on these data.
    """

    def __init__(self, model: ImageModel, protocol: EvaluationProtocol, *, is_own_data: bool = True) -> None:
        self.model = model
        self.protocol = protocol
        self.is_own_data = is_own_data
        self._kept: dict[Hashable, Any] = {}

    @property
    def data(self) -> ImageDataset:
        """The data set."""
        return self.protocol.data

    @property
    def images(self) -> ImageSplit:
        """The images to measure on."""
        return self.protocol.images

    def generated(self, seed: int) -> ImageSet:
        """As many generated images as the protocol has real ones; of a class-conditional model equally many of every
        class."""
        return self._keep(("generated", seed), lambda: self._generate(seed))

    def log_probs(self, images: ImageSplit, *, num_importance_samples: int = 1) -> Tensor:
        """:func:`~genera.evaluation.log_probs` of images, ``(N,)`` nats."""
        assert has_density(self.model)
        model = self.model
        key = "log_probs", images.digest, num_importance_samples
        return self._keep(key, lambda: log_probs(model, images, num_importance_samples=num_importance_samples))

    def reconstructions(self, images: ImageSplit) -> Tensor:
        """Reconstructions of images, uint8 ``(N, C, H, W)``."""
        return self._keep(("reconstructions", images.digest), lambda: reconstruct_images(self.model, images))

    def _keep(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    def _generate(self, seed: int) -> ImageSet:
        count, spec = self.protocol.set_size, self.model.spec
        labels = torch.arange(count) % spec.num_classes if self.model.class_conditional else None
        return self.protocol.image_set(ImageSplit(sample_images(self.model, count, labels=labels, seed=seed), labels))
