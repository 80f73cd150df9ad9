"""Whether a model draws what it was shown."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import Generative, ImageModel
from genera.data import ImageDataset, ImageSplit
from genera.evaluation.intervals import t_interval
from genera.evaluation.measures import Measure, Measurement
from genera.evaluation.metrics.neighbourhoods import squared_distances
from genera.evaluation.samples import Samples, some_of

#: Draws whose distances to all images of a set are held at a time.
_AT_ONCE = 500


def nearest(draws: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """The image that every draw is nearest to, in pixels.

    Args:
        draws: uint8 ``(N, C, H, W)``.
        images: uint8 ``(M, C, H, W)``.

    Returns:
        Euclidean distances in levels, ``(N,)``, and which image, int64 ``(N,)``.
    """
    x, y = (images.flatten(1).float() for images in (draws, images))
    # Integers, whose sums of squares float32 holds exactly for images of up to 256 pixels, and nearly beyond.
    found = [squared_distances(part, y).min(dim=1) for part in x.split(_AT_ONCE)]
    return torch.cat([one.values for one in found]).sqrt(), torch.cat([one.indices for one in found])


def share_nearer(draws: Tensor, train: Tensor, test: Tensor) -> float:
    """The share of draws that are nearer to one of ``train`` than to any of ``test``, ties counted half.

    Raises:
        ValueError: the sets are not of one size: of the larger one something would be nearer for that alone.
    """
    if len(train) != len(test):
        raise ValueError(f"train and test must be equally many, got {len(train)} and {len(test)}")
    to_train, to_test = nearest(draws, train)[0], nearest(draws, test)[0]
    return float(((to_train < to_test).double() + (to_train == to_test).double() / 2).mean())


class MemorisationMeasure(Measure):
    """Share of draws that are nearer to a training image than to a test image, in pixels; 0.5 is none.

    Each of the independent sets of draws is put beside another part of the training images, as large as the test
    images are many, so that neither side is larger.

    Args:
        samples: the draws and the real images.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    @property
    def name(self) -> str:
        return "memorisation"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "max_images": self.samples.max_images,
            "num_seeds": self.samples.num_seeds,
            "interval": "95 % of Student's t over the seeds, each with other training images",
        }

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        if not isinstance(model, Generative):
            return f"{type(model).__name__} draws no images"
        if split == "train" or "train" not in data.split_names:
            return "it takes training images and others"
        if self._count(data, split) < 1:
            return f"{data.name} has fewer than {self.samples.num_seeds} training images"
        return None

    def other_splits(self, data: ImageDataset, *, split: str) -> list[str]:
        return ["train"]

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        count, seeds = self._count(data, split), self.samples.num_seeds
        test = some_of(data.split(split), count).pixels
        order = torch.randperm(len(data.split("train")), generator=torch.Generator().manual_seed(0))
        train: ImageSplit = data.split("train").subset(order[: seeds * count])
        values = [
            share_nearer(self.samples.drawn(model, count, seed).images.pixels, part, test)
            for seed, part in enumerate(tqdm(train.pixels.split(count), desc=self.name, leave=False))
        ]
        low, high = (min(max(end, 0.0), 1.0) for end in t_interval(values))
        return Measurement(sum(values) / seeds, low, high, count, self.settings)

    def _count(self, data: ImageDataset, split: str) -> int:
        """How many test images, and in each part how many training images, there are."""
        return min(self.samples.max_images, len(data.split(split)), len(data.split("train")) // self.samples.num_seeds)
