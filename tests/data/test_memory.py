"""Inputs that need more memory than available are refused before allocation."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from genera.data import find_dataset, memory
from genera.data.memory import available_memory, check_fits_in_memory
from genera.data.picture_decoding import list_pictures, read_pictures

GIGABYTE = 10**9


@pytest.fixture(autouse=True)
def two_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine with 2 GB, so that no test allocates too much."""
    monkeypatch.setattr(memory, "available_memory", lambda: 2 * GIGABYTE)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty pictures of 4 × 6 pixels."""
    for number in range(40):
        Image.new("RGB", (4, 6), number).save(tmp_path / f"{number}.png")
    return tmp_path


def test_available_memory_is_limited_by_machine_and_container(tmp_path, monkeypatch):
    machine = psutil.virtual_memory().total
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert 0 < available_memory() <= machine
    (tmp_path / "memory.current").write_text("2345\n")
    for text, expected in (("12345\n", 10_000), ("max\n", machine), (f"{2 * machine}\n", machine)):
        (tmp_path / "memory.max").write_text(text)
        assert 0 < available_memory() <= expected
    (tmp_path / "memory.max").write_text("2000\n")
    assert available_memory() == 0


def test_the_message_states_object_size_and_free_memory(complains):
    check_fits_in_memory(2 * GIGABYTE, "a model", hint="make it smaller")
    with complains("a model would take 2.1 GB of memory, but only 2.0 GB are free: make it smaller"):
        check_fits_in_memory(2_100_000_000, "a model", hint="make it smaller")
    with complains("a model would take 1.5 GB of memory for each of 2 copies, but only 2.0 GB are free"):
        check_fits_in_memory(1_500_000_000, "a model", hint="", copies=2)
    with complains("more than 1,000,000,000,000 GB"):
        check_fits_in_memory(10**400, "a model", hint="")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"size": 20_000}, ("40 pictures of 20000 × 20000 pixels in colour would take 48.0 GB",)),
        ({"size": 100_000}, ("would take 1,200.0 GB", "2.0 GB are free", "a smaller --data.size")),
        ({"size": 10**30}, ("more than 1,000,000,000,000 GB",)),
        ({"size": 8_000, "channels": 1}, ("40 pictures of 8000 × 8000 pixels would take 2.6 GB",)),
        ({"crop": 8_000}, ("40 pictures of 8000 × 8000 pixels in colour would take 7.7 GB",)),
        ({"size": 4_000, "copies": 2}, ("would take 1.9 GB of memory for each of 2 copies",)),
        ({"crop": 8_001, "size": 4}, ("crop must be between 1 and 8000 pixels, got 8001",)),
        ({"crop": 0}, ("crop must be between 1 and 8000 pixels, got 0",)),
    ],
)
def test_pictures_too_large_for_memory_are_not_read(pictures, complains, monkeypatch, options, parts):
    sources = list_pictures(pictures)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a picture was read"))
    with complains(*parts):
        read_pictures(sources, **options)


def test_pictures_in_their_own_size_too_large_for_memory_are_refused(pictures, complains, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 40 * 4 * 6 * 3)
    assert read_pictures(list_pictures(pictures))[0].shape == (40, 3, 6, 4)
    monkeypatch.setattr(memory, "available_memory", lambda: 40 * 4 * 6 * 3 - 1)
    with complains("40 pictures of 4 × 6 pixels in colour"):
        read_pictures(list_pictures(pictures))
    # A folder is divided into splits, which needs a second copy.
    monkeypatch.setattr(memory, "available_memory", lambda: 40 * 4 * 6 * 3)
    with complains("40 pictures of 4 × 6 pixels in colour", "for each of 2 copies"):
        find_dataset("folder")(pictures)


def test_celeba_of_a_huge_size_is_refused(data_folder, complains, monkeypatch):
    folder = data_folder / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    names = [f"{number:06}.jpg" for number in range(1, 5)]
    for name in names:
        Image.new("RGB", (178, 218)).save(folder / name)
    (data_folder / "celeba" / "list_eval_partition.txt").write_text("".join(f"{name} 0\n" for name in names))
    with complains("images may have at most 16,777,216 values"):
        find_dataset("celeba")(size=20_000)
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000_000)
    with complains("4 pictures of 2000 × 2000 pixels in colour would take"):
        find_dataset("celeba")(size=2_000).split("train")


def npy(array: np.ndarray, *, stated: tuple[int, ...] | None = None) -> bytes:
    """The content of an ``.npy`` file, optionally with another shape in its header."""
    buffer = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_1_0(buffer, header | ({} if stated is None else {"shape": stated}))
    return buffer.getvalue() + array.tobytes()


def archive(path: Path, content: bytes, *, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path / "toy.npz", "w", method) as file:
        file.writestr("images.npy", content)
    return path / "toy.npz"


def with_stated_size(path: Path, size: int) -> Path:
    """The same archive with another size of its last array in its directory."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, size)
    path.write_bytes(content)
    return path


IMAGES = np.arange(100 * 4 * 4, dtype=np.uint8).reshape(100, 4, 4)

#: Factories of invalid archives, and the parts of their messages.
INVALID_ARCHIVES: dict[str, tuple[Callable[[Path], Path], tuple[str, ...]]] = {
    "a header of 90 TiB": (
        lambda path: archive(path, npy(IMAGES, stated=(90 << 20, 1024, 1024))),
        ("images.npy states an array of 98,956,046,499,968 bytes, and has 1,728",),
    ),
    "a header of a slightly larger size": (
        lambda path: archive(path, npy(IMAGES, stated=(101, 4, 4))),
        ("states an array of 1,744 bytes, and has 1,728",),
    ),
    "a header of negative sizes": (
        lambda path: archive(path, npy(IMAGES, stated=(-100, 4, 4))),
        ("states an array of -1,472 bytes",),
    ),
    "a header of sizes whose product is right": (
        lambda path: archive(path, npy(IMAGES, stated=(-100, -4, 4))),
        ("cannot read",),
    ),
    "a directory of 4 GB, stored": (
        lambda path: with_stated_size(archive(path, npy(IMAGES)), 4 * GIGABYTE),
        ("images.npy states 4,000,000,000 bytes, more than 1,728 can unpack to",),
    ),
    "a directory of 4 GB, compressed": (
        lambda path: with_stated_size(archive(path, npy(IMAGES), method=zipfile.ZIP_DEFLATED), 4 * GIGABYTE),
        ("images.npy states 4,000,000,000 bytes", "can unpack to"),
    ),
    "an unknown compression": (
        lambda path: archive(path, npy(IMAGES), method=zipfile.ZIP_BZIP2),
        ("images.npy has a compression that numpy does not use",),
    ),
    "no array": (lambda path: archive(path, b"nothing"), ("cannot read",)),
}


@pytest.mark.parametrize("name", INVALID_ARCHIVES)
def test_an_archive_with_inconsistent_sizes_is_refused(tmp_path, complains, name):
    make, parts = INVALID_ARCHIVES[name]
    with complains("cannot read", "toy.npz", *parts):
        find_dataset("npz")(make(tmp_path))


def test_an_archive_that_unpacks_to_more_than_memory_is_refused(tmp_path, complains, monkeypatch):
    path = tmp_path / "toy.npz"
    np.savez_compressed(path, images=np.zeros((1000, 32, 32), np.uint8), labels=np.zeros(1000, np.int64))
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(memory, "available_memory", lambda: 2_070_000)
    assert find_dataset("npz")(path).spec.shape == (1, 32, 32)
    monkeypatch.setattr(memory, "available_memory", lambda: 2_060_000)
    with complains("its arrays would take 0.0 GB of memory for each of 2 copies", "save fewer or smaller images"):
        find_dataset("npz")(path)


def test_other_arrays_are_not_read(tmp_path, monkeypatch):
    np.savez(tmp_path / "toy.npz", images=IMAGES, others=np.zeros(10**6))
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000)
    assert find_dataset("npz")(tmp_path / "toy.npz").spec.shape == (1, 4, 4)
