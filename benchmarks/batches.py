"""The time to load one epoch of MNIST, without training, compared with torch's DataLoader.

Run with ``python benchmarks/batches.py``; MNIST comes from ``$GENERA_DATA`` or is downloaded. The two sides
take turns, so that a busy machine slows both, and the fastest round counts.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset

from genera.data import ImageSplit, ShuffledBatches, find_dataset

BATCH_SIZE = 128
ROUNDS = 3
TARGET_MS = 80


def ours(images: ImageSplit) -> None:
    """One epoch of :class:`ShuffledBatches`."""
    batches = ShuffledBatches(images, batch_size=BATCH_SIZE)
    for _ in itertools.islice(batches, batches.steps_per_epoch):
        pass


def naive(images: ImageSplit) -> None:
    """One epoch of a DataLoader that indexes and collates image by image."""
    assert images.labels is not None
    dataset = TensorDataset(images.pixels, images.labels)
    for _ in DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True, drop_last=True):
        pass


def milliseconds(epoch: Callable[[ImageSplit], None], images: ImageSplit) -> float:
    """Wall time of one epoch."""
    start = time.perf_counter()
    epoch(images)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Print milliseconds per epoch of both, and their ratio."""
    torch.set_num_threads(1)
    try:
        images = find_dataset("mnist")().split("train")
    except ValueError as error:
        sys.exit(str(error))
    rounds = [(milliseconds(ours, images), milliseconds(naive, images)) for _ in range(ROUNDS)]
    best, best_naive = (min(column) for column in zip(*rounds, strict=True))
    print(f"{len(images):,} images in batches of {BATCH_SIZE}, one thread")
    print(f"ShuffledBatches  {best:7.1f} ms per epoch (target {TARGET_MS})")
    print(f"DataLoader       {best_naive:7.1f} ms per epoch, {best_naive / best:.0f} times as long")


if __name__ == "__main__":
    main()
