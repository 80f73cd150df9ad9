"""Images in memory, and data sets that load them by split."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from genera.core.image_spec import ImageSpec

SPLIT_NAMES = ("train", "validation", "test")


# No generated `__eq__`, as comparing tensors gives no truth value; compare the `digest` of two splits.
@dataclass(frozen=True, eq=False)
class ImageSplit:
    """One split of a data set.

    Args:
        pixels: uint8 ``(N, C, H, W)``; made contiguous.
        labels: int64 ``(N,)``, or ``None`` if the data have none.

    Raises:
        ValueError: a dtype or shape is wrong, or the numbers of images and labels differ.
    """

    pixels: Tensor
    labels: Tensor | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8 or self.pixels.dim() != 4:
            got = f"{self.pixels.dtype} {tuple(self.pixels.shape)}"
            raise ValueError(f"images must be torch.uint8 (N, C, H, W), got {got}")
        object.__setattr__(self, "pixels", self.pixels.contiguous())
        if self.labels is None:
            return
        if self.labels.dtype != torch.int64 or self.labels.dim() != 1:
            got = f"{self.labels.dtype} {tuple(self.labels.shape)}"
            raise ValueError(f"labels must be torch.int64 (N,), got {got}")
        if len(self.labels) != len(self.pixels):
            raise ValueError(
                f"there must be one label per image, got {len(self.pixels)} images and {len(self.labels)} labels"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def subset(self, indices: Tensor) -> ImageSplit:
        """The images at ``indices`` (int64 ``(M,)``), in that order; a copy."""
        return self.map(lambda values: values.index_select(0, indices))

    def first(self, count: int) -> ImageSplit:
        """The first ``count`` images, or all if there are fewer; not a copy."""
        return self.map(lambda values: values[:count])

    def map(self, function: Callable[[Tensor], Tensor]) -> ImageSplit:
        """Apply a function to the pixels and, if there are any, to the labels."""
        return ImageSplit(function(self.pixels), None if self.labels is None else function(self.labels))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over shape, pixels and labels, in hex: equal for equal images."""
        sha = hashlib.sha256(repr(tuple(self.pixels.shape)).encode())
        sha.update(self.pixels.cpu().numpy().data)
        if self.labels is not None:
            sha.update(self.labels.cpu().contiguous().numpy().data)
        return sha.hexdigest()


class ImageDataset:
    """A data set: the spec of its images, and its splits, each loaded on first use.

    Args:
        name: as shown to users, with dashes.
        spec: shape and value range of the images of all splits.
        class_names: one per label; empty if there are no labels.
        splits: functions that load the splits, by name: ``train``, ``validation``, ``test``, or some of them.

    Raises:
        ValueError: a split has another name, or the number of class names is not ``spec.num_classes``.
    """

    def __init__(
        self,
        name: str,
        spec: ImageSpec,
        *,
        class_names: tuple[str, ...],
        splits: Mapping[str, Callable[[], ImageSplit]],
    ) -> None:
        unknown = set(splits) - set(SPLIT_NAMES)
        if unknown:
            raise ValueError(f"splits must be named {', '.join(SPLIT_NAMES)}, got {', '.join(sorted(unknown))}")
        if len(class_names) != spec.num_classes:
            raise ValueError(f"class_names must have {spec.num_classes} names (num_classes), got {len(class_names)}")
        self.name = name
        self.spec = spec
        self.class_names = class_names
        self._loaders = dict(splits)
        self._loaded: dict[str, ImageSplit] = {}

    @property
    def split_names(self) -> tuple[str, ...]:
        """The names of the splits of this data set, loaded or not."""
        return tuple(name for name in SPLIT_NAMES if name in self._loaders)

    def contents(self, splits: Sequence[str] | None = None) -> dict[str, dict[str, int | str]]:
        """The number of images and the digest of each split, which identify the data.

        Args:
            splits: names of the splits; all if omitted.

        Raises:
            ValueError: there is no such split, files are missing or damaged, or images do not fit the spec.
        """
        names = self.split_names if splits is None else splits
        return {name: {"count": len(self.split(name)), "digest": self.split(name).digest} for name in names}

    def describe(self, split: str) -> str:
        """A short description of a split, with the start of its digest, as two folders may have the same name.

        Raises:
            ValueError: as for :meth:`split`.
        """
        images = self.split(split)
        return f"{len(images):,} {split} images of {self.name} ({images.digest[:8]})"

    def split(self, name: str) -> ImageSplit:
        """Load a split, or return it if it is loaded already.

        Raises:
            ValueError: there is no such split, its files are missing or damaged, or its images do not fit the spec.
        """
        if name not in self._loaders:
            raise ValueError(f"{self.name} has no {name!r} split; it has {', '.join(self.split_names)}")
        if name not in self._loaded:
            images = self._loaders[name]()
            self._check(name, images)
            self._loaded[name] = images
        return self._loaded[name]

    def _check(self, split: str, images: ImageSplit) -> None:
        """Check that the images match the spec, as models use the values as indices."""
        name = f"the {split} split of {self.name}"
        if len(images) == 0:
            raise ValueError(f"{name} is empty; it needs at least one image")
        if tuple(images.pixels.shape[1:]) != self.spec.shape:
            raise ValueError(f"{name} must contain images {self.spec.shape}, got {tuple(images.pixels.shape[1:])}")
        highest = int(images.pixels.max())
        if highest >= self.spec.levels:
            raise ValueError(f"{name} must contain pixel values below {self.spec.levels} (levels), got {highest}")
        if images.labels is None:
            if self.spec.num_classes:
                raise ValueError(f"{name} must contain labels of {self.spec.num_classes} classes, got none")
            return
        lowest, highest = int(images.labels.min()), int(images.labels.max())
        if lowest < 0 or highest >= self.spec.num_classes:
            raise ValueError(
                f"{name} must contain labels 0 … {self.spec.num_classes - 1} (num_classes), got {lowest} … {highest}"
            )


def describe_difference(before: object, now: Mapping[str, Mapping[str, int | str]]) -> str:
    """The differences between two results of :meth:`ImageDataset.contents`; empty if there are none.

    Args:
        before: a recorded result; an invalid record differs in every split.
        now: the current result.
    """
    recorded = before if isinstance(before, Mapping) else {}
    changes = []
    for name in SPLIT_NAMES:
        old, new = recorded.get(name), now.get(name)
        if old != new:
            changes.append(f"{name}: {_describe_record(old)}, now {_describe_record(new)}")
    return "; ".join(changes)


def _describe_record(split: object) -> str:
    if not isinstance(split, Mapping):
        return "none recorded" if split is None else "a damaged record"
    count, digest = split.get("count"), split.get("digest")
    if type(count) is not int or not isinstance(digest, str) or not digest.isalnum():
        return "a damaged record"
    return f"{count} images with digest {digest[:8]}"
