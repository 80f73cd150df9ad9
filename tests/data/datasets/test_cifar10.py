from __future__ import annotations

import gzip
import hashlib
import sys
import tarfile
from io import BytesIO

import pytest
import torch

from genera.data import find_dataset
from genera.data.datasets.cifar10 import read_records
from genera.data.downloads import Digest, RemoteFile


def tar(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return buffer.getvalue()


def batch(*labels: int) -> bytes:
    """Images of constant red, green and blue: label, label + 10, label + 20."""
    return b"".join(
        bytes([label]) + b"".join(bytes([label + shift]) * 1024 for shift in (0, 10, 20)) for label in labels
    )


FILES = {f"data_batch_{number}.bin": batch(2 * number - 2, 2 * number - 1) for number in range(1, 6)}


@pytest.fixture
def archive(data_folder, monkeypatch) -> None:
    content = gzip.compress(tar({**FILES, "test_batch.bin": batch(3, 5)}))
    module = sys.modules["genera.data.datasets.cifar10"]
    digest = Digest(hashlib.sha256(content).hexdigest(), covers="archive")
    monkeypatch.setattr(module, "ARCHIVE", RemoteFile("toy.tar.gz", (), digest, len(content), 10**6))
    monkeypatch.setattr(module, "NUM_VALIDATION", 3)
    (data_folder / "cifar10").mkdir()
    (data_folder / "cifar10" / "toy.tar.gz").write_bytes(content)


def test_splits_and_colours(archive):
    data = find_dataset("cifar10")()
    splits = {name: data.split(name) for name in data.split_names}
    assert {name: len(images) for name, images in splits.items()} == {"train": 7, "validation": 3, "test": 2}
    assert splits["test"].labels.tolist() == [3, 5]
    assert sorted([*splits["train"].labels.tolist(), *splits["validation"].labels.tolist()]) == list(range(10))
    for images in splits.values():
        expected = images.labels.view(-1, 1) + torch.tensor([0, 10, 20])
        assert torch.equal(images.pixels.amin((2, 3)).long(), expected)
        assert torch.equal(images.pixels.amax((2, 3)).long(), expected)


def test_an_archive_with_a_missing_file_is_refused(complains):
    with complains("must contain test_batch.bin", "got 0 bytes"):
        read_records(tar(FILES), ("test_batch.bin",))


def test_a_file_that_ends_within_an_image_is_refused(complains):
    with complains("test_batch.bin in records of 3073 bytes", "got 3000 bytes"):
        read_records(tar({"test_batch.bin": batch(1)[:3000]}), ("test_batch.bin",))
