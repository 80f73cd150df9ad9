"""A set of images with its features."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import ImageSpec
from genera.data import ImageSplit, SequentialBatches
from genera.evaluation.extractors import ClassifierFeatures, Extractor


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and what is computed from them, on first use.

    Args:
        images: the images, with their labels; of generated images those that the model was conditional on.
        spec: shape and levels.
        extractors: by name.
        device: where features are computed.
    """

    images: ImageSplit
    spec: ImageSpec
    extractors: Mapping[str, Extractor]
    device: torch.device
    _results: dict[Hashable, Any] = field(default_factory=dict, init=False)

    def kept(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result of ``compute``, called only once for each key."""
        if key not in self._results:
            self._results[key] = compute()
        return self._results[key]

    @property
    def metric_device(self) -> torch.device:
        """Where metrics are computed: MPS has no float64."""
        return torch.device("cpu") if self.device.type == "mps" else self.device

    @property
    def pixels(self) -> Tensor:
        """uint8 ``(N, C, H, W)``, on the device of metrics."""
        return self.images.pixels.to(self.metric_device)

    def features(self, extractor: str) -> Tensor:
        """Features ``(N, F)`` by the name of an extractor, on the device of metrics."""
        return self.kept(extractor, lambda: self._features(self.extractors[extractor]))

    @property
    def num_classes(self) -> int:
        """Number of classes of the classifier."""
        return self.classifier.classifier.spec.num_classes

    @property
    def classifier(self) -> ClassifierFeatures:
        """The extractor that also predicts classes."""
        extractor = self.extractors[ClassifierFeatures.name]
        assert isinstance(extractor, ClassifierFeatures)
        return extractor

    @property
    def logits(self) -> Tensor:
        """Logits of the classifier, ``(N, K)``."""
        with torch.no_grad():
            features = self.features(self.classifier.name).to(self.device)
            return self.classifier.classifier.head(features).to(self.metric_device)

    @property
    def classes(self) -> Tensor:
        """Predicted classes, int64 ``(N,)``."""
        return self.logits.argmax(dim=1)

    @torch.no_grad()
    def _features(self, extractor: Extractor) -> Tensor:
        size = min(extractor.batch_size, len(self.images))
        batches = SequentialBatches(self.images, batch_size=size, device=self.device)
        bar = tqdm(batches, desc=f"{extractor.name} features", leave=False, disable=len(batches) <= 2)
        return torch.cat([extractor(pixels) for pixels, _ in bar]).to(self.metric_device)


def random_subset(images: ImageSplit, count: int) -> ImageSplit:
    """``count`` of the images, or all if there are fewer, always the same ones.

    They are chosen at random, as the first images of a file may differ from the others: those of MNIST's test images
    are by other writers than the last ones.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images.subset(order[:count].sort().values)


def uniform_noise(spec: ImageSpec, count: int) -> ImageSplit:
    """Images with independent, uniformly distributed pixel values."""
    generator = torch.Generator().manual_seed(0)
    return ImageSplit(torch.randint(spec.levels, (count, *spec.shape), generator=generator, dtype=torch.uint8))
