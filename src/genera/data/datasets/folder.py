"""Folder: anybody's pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.images import ImageDataset, ImageSplit
from genera.data.picture_decoding import Source, list_pictures, read_pictures
from genera.data.splits import own_splits, three_splits

_SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}


@dataset(
    summary="a folder or zip of pictures, with subfolders as classes",
    size="any number · resized as asked · grey or colour",
    licence="yours",
    homepage="",
)
def folder(path: Path, *, size: int | None = None, channels: int | None = None, skip_bad: bool = False) -> ImageDataset:
    """Pictures of any kind from a folder or a zip; subfolders, where there are any, are the classes.

    Split 80 / 10 / 10 % per class, unless there are subfolders ``train`` and ``test`` (and ``validation``, or a tenth
    of ``train`` is held out).

    Args:
        path: the folder, or a zip of one.
        size: height and width to give the pictures, in pixels: resized, then cropped around the centre. Needed unless
            they all have one size.
        channels: 1 for grey, 3 for colour; by default grey if every picture is stored as grey.
        skip_bad: go on without pictures that cannot be read, instead of stopping.
    """
    sources = _without_common_folder(list_pictures(path))
    split_names = _split_names(sources)
    within = [replace(source, parts=source.parts[1:]) for source in sources] if split_names else sources
    within = _without_common_folder(within)
    class_names = _class_names(within)
    # Twice: as they were read, and divided into splits.
    pixels, kept = read_pictures(sources, size=size, channels=channels, skip_bad=skip_bad, copies=2)
    labels = None
    if class_names:
        number = {name: label for label, name in enumerate(class_names)}
        labels = torch.tensor([number[within[index].parts[0]] for index in kept])
    images = ImageSplit(pixels, labels)
    _, channels, height, width = pixels.shape
    spec = ImageSpec(channels, height, width, levels=256, num_classes=len(class_names))
    if not split_names:
        return ImageDataset("folder", spec, class_names=class_names, splits=three_splits(images))
    of_kept = [split_names[index] for index in kept]
    parts = {
        name: images.subset(torch.tensor([place for place, other in enumerate(of_kept) if other == name]))
        for name in dict.fromkeys(of_kept)
    }
    return ImageDataset("folder", spec, class_names=class_names, splits=own_splits(parts))


def _without_common_folder(sources: list[Source]) -> list[Source]:
    """Drop folders that hold everything: a zip usually has one around its content, and one class is no class."""
    while len({source.parts[0] for source in sources}) == 1 and len(sources[0].parts) > 1:
        sources = [replace(source, parts=source.parts[1:]) for source in sources]
    return sources


def _split_names(sources: list[Source]) -> list[str]:
    """The split of each picture by its top folder; empty where the folders are classes."""
    tops = {source.parts[0] for source in sources if len(source.parts) > 1}
    if "train" not in tops or tops.isdisjoint(set(_SPLIT_FOLDERS) - {"train"}):
        return []
    for source in sources:
        if len(source.parts) < 2 or source.parts[0] not in _SPLIT_FOLDERS:
            raise ValueError(
                f"beside train and test there may be no other pictures, got {source.name}; "
                "move it into one of them, or away"
            )
    return [_SPLIT_FOLDERS[source.parts[0]] for source in sources]


def _class_names(sources: list[Source]) -> tuple[str, ...]:
    """Names of the subfolders, sorted; empty where the pictures are in none."""
    loose = [source for source in sources if len(source.parts) == 1]
    if not loose:
        return tuple(sorted({source.parts[0] for source in sources}))
    if len(loose) != len(sources):
        raise ValueError(
            f"pictures must all be in subfolders (the classes) or all in none, but {loose[0].name} is in "
            "none; move it into a subfolder, or away"
        )
    return ()
