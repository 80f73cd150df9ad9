"""Npz: images from a numpy archive."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genera.core.image_spec import MAX_CLASSES, ImageSpec
from genera.data.dataset_info import dataset
from genera.data.images import ImageDataset, ImageSplit
from genera.data.memory import check_fits_in_memory
from genera.data.splits import predefined_splits, three_splits

_PREFIXES = {"train_": "train", "validation_": "validation", "val_": "validation", "test_": "test"}
_ARRAY_NAMES = {f"{prefix}{kind}" for prefix in ("", *_PREFIXES) for kind in ("images", "labels")}
#: The compression methods of numpy, and the largest ratio of each: deflate needs at least two bits for 258 bytes.
_MAX_RATIOS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}


@dataset(
    summary="arrays saved with numpy: images and, if you like, labels",
    size="any number and size · grey or colour",
    licence="yours",
    homepage="",
)
def npz(path: Path, *, levels: int = 256) -> ImageDataset:
    """Images from a numpy archive with an array ``images`` and, optionally, ``labels``.

    ``images`` is uint8, ``(N, H, W)``, ``(N, H, W, C)`` or ``(N, C, H, W)`` with 1 or 3 channels; ``labels`` are
    integers ``(N,)``. Split 80 / 10 / 10 % per class, unless the archive has ``train_images``, ``test_images`` and so
    on (if ``validation_images`` is missing, a tenth of train is held out).

    Args:
        path: the ``.npz`` file.
        levels: number of pixel values, which are ``0 … levels - 1``.
    """
    arrays, other_names = _read(path)
    prefixes = {"": ""} if "images" in arrays else _PREFIXES
    parts = {name: _images(arrays, prefix, path) for prefix, name in prefixes.items() if f"{prefix}images" in arrays}
    if not parts:
        got = ", ".join([*arrays, *other_names]) or "none"
        raise ValueError(f"{path} must contain an array images (or train_images, …), got {got}")
    shapes = {tuple(images.pixels.shape[1:]) for images in parts.values()}
    if len(shapes) > 1:
        raise ValueError(f"{path} must contain images of one shape in all splits, got {sorted(shapes)}")
    num_classes = _num_classes(list(parts.values()), path)
    channels, height, width = shapes.pop()
    return ImageDataset(
        "npz",
        ImageSpec(channels, height, width, levels=levels, num_classes=num_classes),
        class_names=tuple(map(str, range(num_classes))),
        splits=three_splits(parts[""]) if "" in parts else predefined_splits(parts),
    )


def _read(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of images and labels, and the names of other arrays, which are not read."""
    if not path.is_file():
        raise ValueError(f"--data.path must name an .npz file, got {path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"--data.path must name an .npz file of numpy.savez, got {path}: it is not one, or truncated")
    try:
        # Arrays of objects are pickles, which can execute code when loaded.
        with np.load(path, allow_pickle=False) as archive:
            members = {name: f"{name}.npy" for name in archive.files if f"{name}.npy" in archive.zip.namelist()}
            known = {name: member for name, member in members.items() if name in _ARRAY_NAMES}
            _check_sizes(archive.zip, [archive.zip.getinfo(member) for member in known.values()], path)
            other_names = [name for name in archive.files if name not in known]
            return {name: archive[member] for name, member in known.items()}, other_names
    # For a damaged archive zipfile and numpy raise many types of exceptions.
    except Exception as error:
        raise ValueError(f"cannot read {path}: {' '.join(str(error).split()) or type(error).__name__}") from error


def _check_sizes(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """Check the sizes of the arrays before memory is allocated for them.

    A size is stated in the archive and in the array's own header; both are checked against the size of the file.

    Raises:
        ValueError: the sizes are inconsistent, or memory is not sufficient.
    """
    if sum(entry.compress_size for entry in archive.infolist()) > path.stat().st_size:
        raise ValueError("its parts are larger than the file")
    for entry in entries:
        ratio = _MAX_RATIOS.get(entry.compress_type)
        if ratio is None:
            raise ValueError(f"{entry.filename} has a compression that numpy does not use: save it with numpy.savez")
        if entry.file_size > ratio * entry.compress_size:
            raise ValueError(
                f"{entry.filename} states {entry.file_size:,} bytes, more than {entry.compress_size:,} can unpack to"
            )
    # Two copies: the arrays as read, and the splits.
    total = sum(entry.file_size for entry in entries)
    check_fits_in_memory(total, "its arrays", hint="save fewer or smaller images", copies=2)
    for entry in entries:
        stated = _size_in_header(archive, entry)
        if stated != entry.file_size:
            raise ValueError(f"{entry.filename} states an array of {stated:,} bytes, and has {entry.file_size:,}")


def _size_in_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Bytes of an array and its header, according to the header."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError("it contains Python objects, which are not read: allow_pickle=False")
        return file.tell() + math.prod(shape) * dtype.itemsize


def _images(arrays: dict[str, np.ndarray], prefix: str, path: Path) -> ImageSplit:
    images, labels = arrays[f"{prefix}images"], arrays.get(f"{prefix}labels")
    name = f"{prefix}images of {path}"
    if images.dtype != np.uint8:
        raise ValueError(f"{name} must be uint8, got {images.dtype}; convert them to integers 0 … 255 first")
    if labels is None:
        return ImageSplit(_channels_first(images, name))
    if not np.issubdtype(labels.dtype, np.integer) or labels.ndim == 0 or labels.size != len(labels):
        raise ValueError(f"{prefix}labels of {path} must be integers (N,), got {labels.dtype} {labels.shape}")
    # Labels of type uint64 may exceed the range of int64.
    if labels.size and int(labels.max()) >= MAX_CLASSES:
        raise ValueError(f"{prefix}labels of {path} must be below {MAX_CLASSES:,}, got {int(labels.max()):,}")
    if len(labels) != len(images):
        raise ValueError(
            f"{path} must have one label per image, got {len(images)} {prefix}images and {len(labels)} {prefix}labels"
        )
    return ImageSplit(_channels_first(images, name), torch.from_numpy(labels.reshape(-1).astype(np.int64)))


def _channels_first(images: np.ndarray, name: str) -> Tensor:
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[-1] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    elif images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(
            f"{name} must be (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels, got {images.shape}"
        )
    if images.size == 0:
        raise ValueError(f"{name} must contain at least one image, got {images.shape}")
    return torch.from_numpy(np.ascontiguousarray(images))


def _num_classes(parts: list[ImageSplit], path: Path) -> int:
    labels = [images.labels for images in parts if images.labels is not None]
    if labels and len(labels) != len(parts):
        raise ValueError(f"{path} must contain labels for all splits or for none, got {len(labels)} of {len(parts)}")
    lowest = min((int(each.min()) for each in labels), default=0)
    if lowest < 0:
        raise ValueError(f"labels of {path} must not be negative, got {lowest}")
    return max((int(each.max()) + 1 for each in labels), default=0)
