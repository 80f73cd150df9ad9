from __future__ import annotations

import gzip
import struct
import sys
from hashlib import sha256

import numpy as np
import pytest
import torch

from genera.data import find_dataset
from genera.data.downloads import Digest
from genera.data.mnist_like import idx_files, mnist_like, parse_idx

# The splits of all published results of Genera.
TRAIN_DIGESTS = {"mnist": "54ad9f2a", "fashion-mnist": "2264bb50"}


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_data(name, real_data):
    data = find_dataset(name)()
    assert data.spec.shape == (1, 28, 28)
    sizes = {split: len(data.split(split)) for split in data.split_names}
    assert sizes == {"train": 50_000, "validation": 10_000, "test": 10_000}
    train, validation = data.split("train"), data.split("validation")
    # Their union is the official training set, so no image is in both.
    with gzip.open(real_data / name / "train-images-idx3-ubyte.gz") as file:
        official = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)
    ours = torch.cat([train.pixels, validation.pixels]).flatten(1).numpy()
    assert np.array_equal(np.sort(ours.view("V784").ravel()), np.sort(official.view("V784").ravel()))
    assert train.digest == find_dataset(name)().split("train").digest
    assert train.digest.startswith(TRAIN_DIGESTS[name])


def test_kmnist_with_only_the_test_files(real_data, data_folder, cache, no_network, complains):
    (data_folder / "kmnist").symlink_to(real_data / "kmnist-test")
    data = find_dataset("kmnist")()
    test = data.split("test")
    assert test.labels.bincount().tolist() == [1_000] * 10
    assert test.pixels.shape == (10_000, 1, 28, 28)
    with complains("train-images-idx3-ubyte.gz of kmnist", "no connection", "$GENERA_DATA/kmnist/", str(cache)):
        data.split("train")


def idx(*shape: int, content: bytes) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + content


def archive(*shape: int, values: bytes) -> bytes:
    return gzip.compress(idx(*shape, content=values))


@pytest.fixture
def toy(data_folder, monkeypatch):
    """A data set of 7 + 3 and 4 images; all pixels of an image equal its label."""
    monkeypatch.setattr(sys.modules["genera.data.mnist_like"], "NUM_VALIDATION", 3)
    labels = {"train": bytes(range(10)), "t10k": bytes(range(4))}
    contents = [
        content
        for values in labels.values()
        for content in (
            archive(len(values), 28, 28, values=b"".join(bytes([value]) * 784 for value in values)),
            archive(len(values), values=values),
        )
    ]
    digests = tuple(Digest(sha256(gzip.decompress(content)).hexdigest()) for content in contents)
    files = idx_files(("http://127.0.0.1:9/",), digests=digests, download_bytes=(1, 1, 1, 1))
    (data_folder / "toy").mkdir()
    for file, content in zip(files, contents, strict=True):
        (data_folder / "toy" / file.name).write_bytes(content)
    return mnist_like("toy", files, class_names=tuple("0123456789"))


def test_splits_of_the_official_training_set(toy):
    train, validation, test = (toy.split(name) for name in ("train", "validation", "test"))
    assert (len(train), len(validation), test.labels.tolist()) == (7, 3, [0, 1, 2, 3])
    assert sorted([*train.labels.tolist(), *validation.labels.tolist()]) == list(range(10))
    for images in (train, validation, test):
        assert torch.equal(images.pixels.amin((1, 2, 3)).long(), images.labels)


def test_the_test_split_needs_no_training_files(toy, data_folder, no_network, complains):
    (data_folder / "toy" / "train-images-idx3-ubyte.gz").unlink()
    assert len(toy.split("test")) == 4
    with complains("train-images-idx3-ubyte.gz of toy"):
        toy.split("validation")


def test_different_numbers_of_images_and_labels_are_refused(toy, data_folder, monkeypatch, complains):
    labels = archive(3, values=bytes(3))
    (data_folder / "toy" / "t10k-labels-idx1-ubyte.gz").write_bytes(labels)
    monkeypatch.setattr("genera.data.downloads._check_digest", lambda data, digest: None)
    with complains("4 images and 3 labels"):
        toy.split("test")


def test_bytes_are_read_in_the_shape_of_the_header():
    array = parse_idx(idx(2, 3, content=bytes(range(6))), "toy")
    assert array.dtype == torch.uint8
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    array.zero_()  # it is not a view of immutable bytes


@pytest.mark.parametrize("length", [5, 7, 0])
def test_a_header_inconsistent_with_the_length_is_refused(length, complains):
    with complains("images.gz", "2 × 3 = 6 bytes", f"got {length}"):
        parse_idx(idx(2, 3, content=bytes(length)), "images.gz")


def test_a_header_with_a_huge_size_is_refused(complains):
    with complains("toy", "got 4"):
        parse_idx(idx(2**32 - 1, 2**32 - 1, content=bytes(4)), "toy")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"\x89PNG....", b"\0\0\x0d\x01\0\0\0\x01...."])
def test_other_formats_are_refused(content, complains):
    with complains("toy is not an IDX file of bytes", "00 00 08"):
        parse_idx(content, "toy")


@pytest.mark.parametrize("content", [b"\0\0\x08\x02\0\0\0\x01", b"\0\0\x08\x00"])
def test_a_truncated_header_is_refused(content, complains):
    with complains("toy ends within its header"):
        parse_idx(content, "toy")
