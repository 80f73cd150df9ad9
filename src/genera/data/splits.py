"""Fixed splits: which image is trained on is decided once, for everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from genera.data.images import ImageSplit

SPLIT_SEED = 2026
TENTH = 0.1


def permutation(count: int) -> Tensor:
    """The permutation ``(count,)`` every split of that many images is taken from.

    numpy has frozen the stream of ``RandomState`` for good (NEP 19), which torch promises for none of its own; so the
    splits do not move with the versions installed.
    """
    return torch.from_numpy(np.random.RandomState(SPLIT_SEED).permutation(count))


def divide_by_class(labels: Tensor, shares: Sequence[float]) -> tuple[Tensor, ...]:
    """Hold out a share of every class, or several.

    A class with more images than there are shares gives at least one image to each, a smaller one gives none.

    Args:
        labels: int64 ``(N,)``.
        shares: part of each class to hold out, such as ``(0.1, 0.1)``.

    Returns:
        Indices of what is left, then those of each share, all in shuffled order, so that the first thousand images of
        a split are of all classes.
    """
    random = np.random.RandomState(SPLIT_SEED)
    values = labels.numpy()
    parts: list[list[np.ndarray]] = [[np.empty(0, np.int64)] for _ in range(len(shares) + 1)]
    for label in np.unique(values):
        members = random.permutation(np.flatnonzero(values == label))
        enough = len(members) > len(shares)
        counts = [max(1, round(share * len(members))) if enough else 0 for share in shares]
        *held_out, rest = np.split(members, np.cumsum(counts))
        for part, piece in zip(parts, [rest, *held_out], strict=True):
            part.append(piece)
    return tuple(torch.from_numpy(random.permutation(np.concatenate(part))) for part in parts)


def three_splits(images: ImageSplit) -> dict[str, Callable[[], ImageSplit]]:
    """80 / 10 / 10 % of every class; a split that would be empty is left out."""
    train, validation, test = divide_by_class(_classes(images), (TENTH, TENTH))
    return _loaders(images, {"train": train, "validation": validation, "test": test})


def two_splits(images: ImageSplit) -> dict[str, Callable[[], ImageSplit]]:
    """90 / 10 % of every class, for data that bring their own test set."""
    train, validation = divide_by_class(_classes(images), (TENTH,))
    return _loaders(images, {"train": train, "validation": validation})


def own_splits(parts: dict[str, ImageSplit]) -> dict[str, Callable[[], ImageSplit]]:
    """Splits that the data bring along; where validation is missing, a tenth of train is held out for it.

    The images of each are shuffled, since folders come sorted by class.
    """
    splits: dict[str, Callable[[], ImageSplit]] = {}
    for name, images in parts.items():
        if name == "train" and "validation" not in parts:
            splits.update(two_splits(images))
        else:
            splits.update(_loaders(images, {name: permutation(len(images))}))
    return splits


def _classes(images: ImageSplit) -> Tensor:
    """Labels, or one class for all where there are none."""
    return torch.zeros(len(images), dtype=torch.int64) if images.labels is None else images.labels


def _loaders(images: ImageSplit, indices: dict[str, Tensor]) -> dict[str, Callable[[], ImageSplit]]:
    def loader(chosen: Tensor) -> Callable[[], ImageSplit]:
        return lambda: images.subset(chosen)

    return {name: loader(chosen) for name, chosen in indices.items() if len(chosen)}
