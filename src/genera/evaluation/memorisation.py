"""Whether a model generates copies of its training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import Generative, ImageModel
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.intervals import t_interval
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.metrics.neighbourhoods import squared_distances
from genera.evaluation.samples import Samples, random_subset

#: Generated images whose distances to all images of a set are computed at a time.
_CHUNK_SIZE = 500


def nearest_images(queries: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """Find the nearest image to each query, by pixel distance.

    Args:
        queries: uint8 ``(N, C, H, W)``.
        images: uint8 ``(M, C, H, W)``.

    Returns:
        Euclidean distances in levels, ``(N,)``, and indices of the nearest images, int64 ``(N,)``.
    """
    x, y = (pixels.flatten(1).float() for pixels in (queries, images))
    # Integers, whose sums of squares are exact in float32 for images of up to 256 pixels, and nearly so beyond.
    minima = [squared_distances(part, y).min(dim=1) for part in x.split(_CHUNK_SIZE)]
    return torch.cat([minimum.values for minimum in minima]).sqrt(), torch.cat([minimum.indices for minimum in minima])


def share_nearer_to_train(generated: Tensor, train: Tensor, test: Tensor) -> float:
    """Share of generated images that are nearer to an image of ``train`` than to all of ``test``; ties count half.

    Raises:
        ValueError: ``train`` and ``test`` differ in size; distances to the larger set would be smaller.
    """
    if len(train) != len(test):
        raise ValueError(f"train and test must have the same size, got {len(train)} and {len(test)}")
    to_train, to_test = nearest_images(generated, train)[0], nearest_images(generated, test)[0]
    return float(((to_train < to_test).double() + (to_train == to_test).double() / 2).mean())


@dataclass(frozen=True, eq=False)
class MemorisationMeasure(Measure):
    """Share of generated images that are nearer to a training image than to a test image, in pixels; 0.5 means none.

    Each independent set of generated images is compared with another part of the training images, of the same size as
    the test images.

    Args:
        samples: provides generated and real images.
    """

    samples: Samples
    name = "memorisation"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "max_images": self.samples.max_images,
            "num_seeds": self.samples.num_seeds,
            "interval": "95 % of Student's t over the seeds, each with other training images",
        }

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Generative):
            return f"{type(model).__name__} does not generate images"
        if split == "train" or "train" not in data.split_names:
            return "needs training images and another split"
        if self._count(data, split) < 1:
            return f"{data.name} has fewer than {self.samples.num_seeds} training images"
        return None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["train"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        count, seeds = self._count(data, split), self.samples.num_seeds
        test = random_subset(data.split(split), count).pixels
        order = torch.randperm(len(data.split("train")), generator=torch.Generator().manual_seed(0))
        train: ImageSplit = data.split("train").subset(order[: seeds * count])
        values = [
            share_nearer_to_train(self.samples.generated(model, count, seed).images.pixels, part, test)
            for seed, part in enumerate(tqdm(train.pixels.split(count), desc=self.name, leave=False))
        ]
        low, high = (min(max(end, 0.0), 1.0) for end in t_interval(values))
        return Measurement(sum(values) / seeds, low, high, count, self.settings)

    def _count(self, data: ImageDataset, split: str) -> int:
        """Number of test images, and of training images in each part."""
        return min(self.samples.max_images, len(data.split(split)), len(data.split("train")) // self.samples.num_seeds)
