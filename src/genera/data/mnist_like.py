"""MNIST and its drop-in replacements: four IDX files, 28×28 grey, ten classes."""

from __future__ import annotations

import torch

from genera.core.image_spec import ImageSpec
from genera.data.downloads import Digest, RemoteFile, read_file
from genera.data.idx import parse_idx
from genera.data.images import ImageDataset, ImageSplit
from genera.data.splits import hold_out, loaders_of

NUM_VALIDATION = 10_000
_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
# 60,000 and 10,000 images of 784 bytes and labels of 1 byte, and the headers.
_CONTENT_BYTES = (47_040_016, 60_008, 7_840_016, 10_008)


def idx_files(
    mirrors: tuple[str, ...], *, digests: tuple[Digest, ...], download_bytes: tuple[int, ...]
) -> tuple[RemoteFile, ...]:
    """The four files: training images and labels, test images and labels."""
    rows = zip(_NAMES, digests, download_bytes, _CONTENT_BYTES, strict=True)
    return tuple(RemoteFile(name, mirrors, digest, size, limit) for name, digest, size, limit in rows)


def mnist_like(name: str, files: tuple[RemoteFile, ...], *, class_names: tuple[str, ...]) -> ImageDataset:
    """A data set of 50,000 / 10,000 / 10,000 images, from the four files of :func:`idx_files`.

    The test split needs only the two test files.
    """
    train_images, train_labels, test_images, test_labels = files

    def read(images: RemoteFile, labels: RemoteFile) -> ImageSplit:
        pixels = parse_idx(read_file(name, images), images.name)
        return ImageSplit(pixels.unsqueeze(1), parse_idx(read_file(name, labels), labels.name).to(torch.int64))

    splits = loaders_of(("train", "validation"), lambda: hold_out(read(train_images, train_labels), NUM_VALIDATION))
    splits["test"] = lambda: read(test_images, test_labels)
    spec = ImageSpec(1, 28, 28, levels=256, num_classes=len(class_names))
    return ImageDataset(name, spec, class_names=class_names, splits=splits)
