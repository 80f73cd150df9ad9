"""CIFAR-10: small colour photographs."""

from __future__ import annotations

import tarfile
from io import BytesIO

import numpy as np
import torch

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.downloads import Digest, RemoteFile, read_file
from genera.data.images import SPLIT_NAMES, ImageDataset, ImageSplit
from genera.data.splits import hold_out, loaders_of

# The binary version: the more common Python version consists of pickles, which can execute code when loaded.
ARCHIVE = RemoteFile(
    "cifar-10-binary.tar.gz",
    (
        "https://www.cs.toronto.edu/~kriz/",
        "https://cave.cs.toronto.edu/kriz/",
        "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
    ),
    Digest("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", covers="archive"),
    download_bytes=170_052_171,
    max_bytes=200_000_000,
)
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NUM_VALIDATION = 5_000
_TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST_FILES = ("test_batch.bin",)
# A label, then 32×32 bytes of red, of green and of blue.
_RECORD = 1 + 3 * 32 * 32


@dataset(
    summary="photographs of animals and vehicles",
    size="60,000 · 32×32 colour · 10 classes",
    licence="none stated; for research",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    files=(ARCHIVE,),
)
def cifar10() -> ImageDataset:
    """CIFAR-10: 45,000 / 5,000 / 10,000 photographs, 32×32 colour.

    Source:
        Krizhevsky (2009), "Learning multiple layers of features from tiny images".
    """
    spec = ImageSpec(3, 32, 32, levels=256, num_classes=len(CLASS_NAMES))
    return ImageDataset("cifar10", spec, class_names=CLASS_NAMES, splits=loaders_of(SPLIT_NAMES, _load))


def _load() -> dict[str, ImageSplit]:
    content = read_file("cifar10", ARCHIVE)
    train, test = read_records(content, _TRAIN_FILES), read_records(content, _TEST_FILES)
    return {**hold_out(train, NUM_VALIDATION), "test": test}


def read_records(archive: bytes, names: tuple[str, ...]) -> ImageSplit:
    """Read the images of the named files from the decompressed tar archive.

    Raises:
        ValueError: a file is missing, or does not consist of whole records.
    """
    parts: list[np.ndarray] = []
    with tarfile.open(fileobj=BytesIO(archive), mode="r:") as tar:
        for name in names:
            try:
                member = tar.extractfile(f"cifar-10-batches-bin/{name}")
            except KeyError:
                member = None
            content = b"" if member is None else member.read()
            if not content or len(content) % _RECORD:
                raise ValueError(
                    f"{ARCHIVE.name} must contain {name} in records of {_RECORD} bytes, got {len(content)} bytes"
                )
            parts.append(np.frombuffer(content, np.uint8).reshape(-1, _RECORD))
    table = torch.from_numpy(np.concatenate(parts))
    return ImageSplit(table[:, 1:].reshape(-1, 3, 32, 32), table[:, 0].to(torch.int64))
