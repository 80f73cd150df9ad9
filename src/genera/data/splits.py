"""Fixed splits: every user trains and tests on the same images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor

from genera.data.images import ImageSplit

SPLIT_SEED = 2026
TENTH = 0.1


def permutation(count: int) -> Tensor:
    """The permutation ``(count,)`` from which all splits of that many images are taken.

    It does not depend on installed versions: numpy guarantees the stream of ``RandomState`` (NEP 19), unlike torch.
    """
    return torch.from_numpy(np.random.RandomState(SPLIT_SEED).permutation(count))


def divide_by_class(labels: Tensor, fractions: Sequence[float]) -> tuple[Tensor, ...]:
    """Hold out one or more fractions of every class.

    Each fraction gets at least one image of a class with more images than fractions, and none of smaller classes.

    Args:
        labels: int64 ``(N,)``.
        fractions: fractions of each class to hold out, such as ``(0.1, 0.1)``.

    Returns:
        Indices of the remaining images, then those of each fraction, all shuffled, so that the first images of a split
        are of all classes.
    """
    random = np.random.RandomState(SPLIT_SEED)
    values = labels.numpy()
    parts: list[list[np.ndarray]] = [[np.empty(0, np.int64)] for _ in range(len(fractions) + 1)]
    for label in np.unique(values):
        members = random.permutation(np.flatnonzero(values == label))
        is_large = len(members) > len(fractions)
        counts = [max(1, round(fraction * len(members))) if is_large else 0 for fraction in fractions]
        *held_out, rest = np.split(members, np.cumsum(counts))
        for part, piece in zip(parts, [rest, *held_out], strict=True):
            part.append(piece)
    return tuple(torch.from_numpy(random.permutation(np.concatenate(part))) for part in parts)


def three_splits(images: ImageSplit) -> dict[str, Callable[[], ImageSplit]]:
    """80 / 10 / 10 % of every class; empty splits are omitted."""
    return _held_out_by_class(images, "validation", "test")


def predefined_splits(parts: dict[str, ImageSplit]) -> dict[str, Callable[[], ImageSplit]]:
    """The predefined splits of the data; if validation is missing, a tenth of train is held out for it.

    The images of each split are shuffled, as folders are sorted by class.
    """
    splits: dict[str, Callable[[], ImageSplit]] = {}
    for name, images in parts.items():
        if name == "train" and "validation" not in parts:
            splits.update(_held_out_by_class(images, "validation"))
        else:
            splits.update(_loaders(images, {name: permutation(len(images))}))
    return splits


def hold_out(images: ImageSplit, count: int) -> dict[str, ImageSplit]:
    """The images as ``train``, except ``count`` random ones as ``validation``."""
    order = permutation(len(images))
    return {"train": images.subset(order[:-count]), "validation": images.subset(order[-count:])}


def loaders_of(
    names: Sequence[str], load: Callable[[], Mapping[str, ImageSplit]]
) -> dict[str, Callable[[], ImageSplit]]:
    """Loaders of splits that ``load`` reads together; it is called once."""
    load_once = cache(load)
    return {name: partial(lambda split: load_once()[split], name) for name in names}


def _held_out_by_class(images: ImageSplit, *names: str) -> dict[str, Callable[[], ImageSplit]]:
    """A tenth of every class for each of the names, and the rest as ``train``; without labels there is one class."""
    labels = torch.zeros(len(images), dtype=torch.int64) if images.labels is None else images.labels
    parts = divide_by_class(labels, [TENTH] * len(names))
    return _loaders(images, dict(zip(("train", *names), parts, strict=True)))


def _loaders(images: ImageSplit, indices: dict[str, Tensor]) -> dict[str, Callable[[], ImageSplit]]:
    return {name: partial(images.subset, chosen) for name, chosen in indices.items() if len(chosen)}
