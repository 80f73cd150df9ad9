"""Npz: arrays saved with numpy."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genera.core.image_spec import ImageSpec
from genera.data.catalogue import dataset
from genera.data.images import ImageData, Images
from genera.data.splits import own_splits, three_splits

_PREFIXES = {"train_": "train", "validation_": "validation", "val_": "validation", "test_": "test"}


@dataset(
    summary="arrays saved with numpy: images and, if you like, labels",
    size="any number and size · grey or colour",
    licence="yours",
    homepage="",
)
def npz(path: Path, *, levels: int = 256) -> ImageData:
    """Images from a numpy archive with an array ``images`` and, optionally, ``labels``.

    ``images`` is uint8, ``(N, H, W)``, ``(N, H, W, C)`` or ``(N, C, H, W)`` with 1 or 3 channels; ``labels`` are
    integers ``(N,)``. Split 80 / 10 / 10 % per class, unless the archive has ``train_images``, ``test_images`` and so
    on (where ``validation_images`` is missing, a tenth of train is held out).

    Args:
        path: the ``.npz`` file.
        levels: number of pixel values: they run from 0 to one below.
    """
    arrays = _read(path)
    if "images" in arrays:
        parts = {"": _images(arrays, "", path)}
    else:
        parts = {
            name: _images(arrays, prefix, path) for prefix, name in _PREFIXES.items() if f"{prefix}images" in arrays
        }
    if not parts:
        raise ValueError(f"{path} must hold an array images (or train_images, …), got {', '.join(arrays) or 'none'}")
    shapes = {tuple(images.pixels.shape[1:]) for images in parts.values()}
    if len(shapes) > 1:
        raise ValueError(f"{path} must hold images of one shape in all its splits, got {sorted(shapes)}")
    num_classes = _num_classes(list(parts.values()), path)
    channels, height, width = shapes.pop()
    return ImageData(
        "npz",
        ImageSpec(channels, height, width, levels=levels, num_classes=num_classes),
        class_names=tuple(map(str, range(num_classes))),
        splits=three_splits(parts[""]) if "" in parts else own_splits(parts),
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise ValueError(f"--data.path must name an .npz file, got {path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"--data.path must name an .npz file made by numpy.savez, got {path}: it is none or cut off")
    try:
        # Arrays of objects are pickles, which run code when read.
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ValueError(f"cannot read {path}: {' '.join(str(error).split())}") from error


def _images(arrays: dict[str, np.ndarray], prefix: str, path: Path) -> Images:
    images, labels = arrays[f"{prefix}images"], arrays.get(f"{prefix}labels")
    where = f"{prefix}images of {path}"
    if images.dtype != np.uint8:
        raise ValueError(f"{where} must be uint8, got {images.dtype}; convert them to integers 0 … 255 first")
    if labels is None:
        return Images(_channels_first(images, where))
    if not np.issubdtype(labels.dtype, np.integer) or labels.ndim == 0 or labels.size != len(labels):
        raise ValueError(f"{prefix}labels of {path} must be integers (N,), got {labels.dtype} {labels.shape}")
    if len(labels) != len(images):
        raise ValueError(
            f"{path} must hold one label per image, got {len(images)} {prefix}images and {len(labels)} {prefix}labels"
        )
    return Images(_channels_first(images, where), torch.from_numpy(labels.reshape(-1).astype(np.int64)))


def _channels_first(images: np.ndarray, where: str) -> Tensor:
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[-1] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    elif images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(
            f"{where} must be (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 channels, got {images.shape}"
        )
    if images.size == 0:
        raise ValueError(f"{where} must hold at least one image, got {images.shape}")
    return torch.from_numpy(np.ascontiguousarray(images))


def _num_classes(parts: list[Images], path: Path) -> int:
    labels = [images.labels for images in parts if images.labels is not None]
    if labels and len(labels) != len(parts):
        raise ValueError(
            f"{path} must hold labels for all of its splits or for none, got {len(labels)} of {len(parts)}"
        )
    lowest = min((int(each.min()) for each in labels), default=0)
    if lowest < 0:
        raise ValueError(f"labels of {path} must not be negative, got {lowest}")
    return max((int(each.max()) + 1 for each in labels), default=0)
