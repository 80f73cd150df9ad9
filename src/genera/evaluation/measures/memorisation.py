"""Whether a model generates copies of its training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.evaluation.image_set import random_subset
from genera.evaluation.intervals import t_interval
from genera.evaluation.measure import Measure, MeasureInfo, Measurement, samples_images
from genera.evaluation.metrics.neighbourhoods import squared_distances
from genera.evaluation.subject import Subject

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


@dataclass(frozen=True, eq=False, kw_only=True)
class _Memorisation(Measure):
    """Each independent set of generated images is compared with another part of the training images, of the same size
    as the test images."""

    def unavailable(self, subject: Subject) -> str | None:
        if (reason := samples_images(subject)) is not None:
            return reason
        if subject.protocol.split == "train" or "train" not in subject.data.split_names:
            return "needs training images and another split"
        if _count(subject) < 1:
            return f"{subject.data.name} has fewer than {subject.protocol.num_seeds} training images"
        return None

    def settings(self, subject: Subject) -> dict[str, Any]:
        return {
            "max_images": subject.protocol.count,
            "num_seeds": subject.protocol.num_seeds,
            "interval": "95 % of Student's t over the seeds, each with other training images",
        }

    def other_splits(self, subject: Subject) -> list[str]:
        return ["train"]

    def measure(self, subject: Subject) -> Measurement:
        count, seeds = _count(subject), subject.protocol.num_seeds
        device = subject.protocol.real.metric_device
        test = random_subset(subject.images, count).pixels.to(device)
        train = subject.data.split("train")
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
        parts = train.subset(order[: seeds * count]).pixels.to(device).split(count)
        values = [
            share_nearer_to_train(subject.generated(seed).pixels[:count], part, test)
            for seed, part in enumerate(tqdm(parts, desc=self.name, leave=False))
        ]
        low, high = (min(max(end, 0.0), 1.0) for end in t_interval(values))
        return Measurement(sum(values) / seeds, low, high, count, self.settings(subject))


def _count(subject: Subject) -> int:
    """Number of test images, and of training images in each part."""
    return min(subject.protocol.set_size, len(subject.data.split("train")) // subject.protocol.num_seeds)


MEMORISATION = _Memorisation(
    name="memorisation",
    info=MeasureInfo(
        title="memorisation",
        better=None,
        group="coverage",
        definition="share of samples nearer to train than test images, in pixels; 0.5 is none",
        is_shared=True,
    ),
)
