"""Folder: the user's own pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.images import SPLIT_NAMES, ImageDataset, ImageSplit
from genera.data.picture_decoding import Source, list_pictures, read_pictures
from genera.data.splits import predefined_splits, three_splits

_SPLIT_FOLDERS = {name: name for name in SPLIT_NAMES} | {"val": "validation", "valid": "validation"}


@dataset(
    summary="a folder or zip of pictures, with subfolders as classes",
    size="any number · resized on request · grey or colour",
    licence="yours",
    homepage="",
)
def folder(path: Path, *, size: int | None = None, channels: int | None = None, skip_bad: bool = False) -> ImageDataset:
    """Pictures of any format from a folder or a zip; subfolders, if there are any, are the classes.

    Split 80 / 10 / 10 % per class, unless there are subfolders ``train`` and ``test`` (and ``validation``, otherwise a
    tenth of ``train`` is held out).

    Args:
        path: the folder, or a zip of one.
        size: height and width in pixels: pictures are resized, then cropped around the centre. Required unless all
            pictures have the same size.
        channels: 1 for grey, 3 for colour; by default grey if every picture is stored as grey.
        skip_bad: skip pictures that cannot be read, instead of raising.
    """
    sources = _without_common_folder(list_pictures(path))
    split_names = _split_names(sources)
    in_split = [replace(source, parts=source.parts[1:]) for source in sources] if split_names else sources
    in_split = _without_common_folder(in_split)
    class_names = _class_names(in_split)
    # Two copies: the pictures as read, and the splits.
    pixels, kept = read_pictures(sources, size=size, channels=channels, skip_bad=skip_bad, copies=2)
    labels = None
    if class_names:
        label_of = {name: label for label, name in enumerate(class_names)}
        labels = torch.tensor([label_of[in_split[index].parts[0]] for index in kept])
    images = ImageSplit(pixels, labels)
    _, channels, height, width = pixels.shape
    spec = ImageSpec(channels, height, width, levels=256, num_classes=len(class_names))
    if not split_names:
        return ImageDataset("folder", spec, class_names=class_names, splits=three_splits(images))
    kept_names = [split_names[index] for index in kept]
    splits = {
        name: images.subset(torch.tensor([index for index, other in enumerate(kept_names) if other == name]))
        for name in dict.fromkeys(kept_names)
    }
    return ImageDataset("folder", spec, class_names=class_names, splits=predefined_splits(splits))


def _without_common_folder(sources: list[Source]) -> list[Source]:
    """Drop folders that contain everything: a zip often has one, and a single class is not useful."""
    while len({source.parts[0] for source in sources}) == 1 and len(sources[0].parts) > 1:
        sources = [replace(source, parts=source.parts[1:]) for source in sources]
    return sources


def _split_names(sources: list[Source]) -> list[str]:
    """The split of each picture, from its top folder; empty if the folders are classes."""
    tops = {source.parts[0] for source in sources if len(source.parts) > 1}
    if "train" not in tops or tops.isdisjoint(set(_SPLIT_FOLDERS) - {"train"}):
        return []
    for source in sources:
        if len(source.parts) < 2 or source.parts[0] not in _SPLIT_FOLDERS:
            raise ValueError(
                f"with folders train and test there must be no other pictures, got {source.name}; "
                "move it into one of them, or elsewhere"
            )
    return [_SPLIT_FOLDERS[source.parts[0]] for source in sources]


def _class_names(sources: list[Source]) -> tuple[str, ...]:
    """The sorted names of the subfolders; empty if no picture is in one."""
    loose = [source for source in sources if len(source.parts) == 1]
    if not loose:
        return tuple(sorted({source.parts[0] for source in sources}))
    if len(loose) != len(sources):
        raise ValueError(
            f"pictures must all be in subfolders (the classes) or all in none, but {loose[0].name} is in "
            "none; move it into a subfolder, or elsewhere"
        )
    return ()
