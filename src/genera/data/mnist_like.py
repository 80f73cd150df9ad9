"""MNIST and its drop-in replacements: four IDX files, 28×28 grey, ten classes."""

from __future__ import annotations

import math
import struct

import numpy as np
import torch
from torch import Tensor

from genera.core.image_spec import ImageSpec
from genera.data.downloads import Digest, RemoteFile, read_file
from genera.data.images import ImageDataset, ImageSplit
from genera.data.splits import hold_out, loaders_of

NUM_VALIDATION = 10_000
_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_UNSIGNED_BYTE = 0x08
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


def parse_idx(content: bytes, name: str) -> Tensor:
    """Read an array of bytes from the content of an IDX file.

    Args:
        content: the file, decompressed.
        name: of the file, for messages.

    Returns:
        uint8, of the shape in the header.

    Raises:
        ValueError: it is not an IDX file of unsigned bytes, or its header and length are inconsistent.

    Source:
        The header is two zero bytes, the type, the number of dimensions, and each dimension as a big-endian 32-bit
        integer (LeCun, Cortes & Burges, "The MNIST database").
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise ValueError(f"{name} is not an IDX file of bytes: it must start with 00 00 08, got {content[:3].hex(' ')}")
    num_dims = content[3]
    start = 4 + 4 * num_dims
    if num_dims == 0 or len(content) < start:
        raise ValueError(f"{name} ends within its header, which states {num_dims} dimensions: got {len(content)} bytes")
    shape = struct.unpack(f">{num_dims}I", content[4:start])
    expected = math.prod(shape)
    if len(content) - start != expected:
        size = " × ".join(map(str, shape))
        raise ValueError(
            f"{name} does not match its header: expected {size} = {expected} bytes, got {len(content) - start}"
        )
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy())
