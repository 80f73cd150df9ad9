from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from genera.core.files import replacing, write_whole


@pytest.fixture
def umask() -> Iterator[int]:
    """A mask unlike the usual one, as long as the test runs."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


@pytest.mark.parametrize("content", ["Wörter\n", "", b"\x00\xff"])
def test_what_is_written_is_there(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "a long old content")
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_has_the_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        assert not path.exists()
        assert temporary.parent == tmp_path  # a rename is atomic within one file system only
        assert temporary.suffix == ".png"  # writers choose the format by it
    assert path.read_bytes() == b"half"


def write_half(path: Path, error: type[BaseException]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there_and_nothing_else(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_at_the_rename_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        write_whole(path, "a file cannot take a folder's place")
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


def test_permissions_follow_the_umask(umask: int, tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~umask
    assert os.umask(umask) == umask


def test_permissions_follow_the_umask_whatever_the_writer_does(umask: int, tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as temporary:
        # As safetensors does: a file of its own, which nobody else may read, takes the place.
        own = tmp_path / "own"
        own.touch(mode=0o600)
        own.replace(temporary)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_umask_is_never_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to read it: another thread may be writing a file meanwhile."""
    monkeypatch.setattr(os, "umask", None)
    write_whole(tmp_path / "file", "x")
