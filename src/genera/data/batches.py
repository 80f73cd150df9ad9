"""Batches of images in memory, without worker processes or Python code per image."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genera.data.images import ImageSplit

Batch = tuple[Tensor, Tensor | None]


class ShuffledBatches:
    """An infinite stream of shuffled batches, each a pure function of the seed and the step.

    Epoch ``e`` uses a permutation that depends on ``(seed, e)`` only; an incomplete last batch is dropped. To resume
    exactly, start a new stream at the step after the last one; no other state needs to be saved. It has no length, so
    Lightning treats it as infinite.

    Args:
        images: one split.
        batch_size: images per step, summed over all processes.
        seed: of the permutations, not negative.
        start_step: step of the first batch.
        rank: index of this process; it gets every ``world_size``-th image of each batch.
        world_size: number of processes.
        device: where the images are stored and gathered.

    Raises:
        ValueError: there are fewer images than a batch needs, or the batch size is not divisible by ``world_size``.
    """

    def __init__(
        self,
        images: ImageSplit,
        *,
        batch_size: int,
        seed: int = 0,
        start_step: int = 0,
        rank: int = 0,
        world_size: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        _check_sharing(batch_size, rank, world_size)
        if seed < 0 or start_step < 0:
            raise ValueError(f"seed and start_step must not be negative, got {seed} and {start_step}")
        if len(images) < batch_size:
            raise ValueError(
                f"not enough images for a batch: got {len(images)}, need {batch_size}; "
                f"lower --batch_size to {len(images)} or less"
            )
        self.batch_size = batch_size
        self.seed = seed
        self.start_step = start_step
        self.rank = rank
        self.world_size = world_size
        self.steps_per_epoch = len(images) // batch_size
        # Not copied if they are there already.
        self._images = images.map(lambda values: values.to(device))

    def __iter__(self) -> Iterator[Batch]:
        """Yield ``(pixels, labels)`` forever: uint8 ``(B, C, H, W)`` and int64 ``(B,)`` or ``None``."""
        first_epoch, first_position = divmod(self.start_step, self.steps_per_epoch)
        for epoch in itertools.count(first_epoch):
            order = _epoch_order(len(self._images), self.seed, epoch).to(self._images.pixels.device)
            for position in range(first_position, self.steps_per_epoch):
                start = position * self.batch_size
                indices = order[start + self.rank : start + self.batch_size : self.world_size]
                batch = self._images.subset(indices)
                yield batch.pixels, batch.labels
            first_position = 0


class SequentialBatches:
    """One pass over all images in order, for validation and evaluation.

    Every process makes the same number of steps, each with at least one image: a last batch with fewer images than
    processes is merged with the batch before it.

    Args:
        images: one split.
        batch_size: images per step, summed over all processes; the last batch may be smaller.
        rank, world_size, device: as in :class:`ShuffledBatches`.

    Raises:
        ValueError: there are fewer images than processes, or the batch size is not divisible by ``world_size``.
    """

    def __init__(
        self,
        images: ImageSplit,
        *,
        batch_size: int,
        rank: int = 0,
        world_size: int = 1,
        device: torch.device | str = "cpu",
    ) -> None:
        _check_sharing(batch_size, rank, world_size)
        if len(images) < world_size:
            raise ValueError(f"there must be an image for each of the {world_size} processes, got {len(images)}")
        edges = [*range(0, len(images), batch_size), len(images)]
        if len(edges) > 2 and edges[-1] - edges[-2] < world_size:
            del edges[-2]
        self.batch_size = batch_size
        self.rank = rank
        self.world_size = world_size
        self._edges = edges
        self._images = images.map(lambda values: values.to(device))

    def __len__(self) -> int:
        return len(self._edges) - 1

    def __iter__(self) -> Iterator[Batch]:
        for start, end in itertools.pairwise(self._edges):
            chosen = slice(start + self.rank, end, self.world_size)
            labels = self._images.labels
            yield self._images.pixels[chosen], None if labels is None else labels[chosen]


def first_batch(images: ImageSplit, count: int, seed: int) -> Batch:
    """The first ``count`` images (or all, if there are fewer) of the first epoch: the same in every process.

    Returns:
        uint8 ``(count, C, H, W)``, and int64 ``(count,)`` or ``None``.
    """
    batch = images.subset(_epoch_order(len(images), seed, 0)[:count])
    return batch.pixels, batch.labels


def _epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """The permutation ``(count,)`` of one epoch."""
    # SeedSequence mixes seed and epoch, so that similar pairs do not give related permutations.
    mixed = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
    return torch.randperm(count, generator=torch.Generator().manual_seed(mixed))


def _check_sharing(batch_size: int, rank: int, world_size: int) -> None:
    if batch_size < 1:
        raise ValueError(f"--batch_size must be at least 1, got {batch_size}")
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must be between 0 and world_size - 1, got rank {rank} of {world_size}")
    if batch_size % world_size:
        raise ValueError(f"--batch_size must be a multiple of the {world_size} processes, got {batch_size}")
