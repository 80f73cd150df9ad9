from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genera.core.files import check_writable, replace_atomically, write_atomically


@pytest.fixture
def umask() -> Iterator[int]:
    """A umask that differs from the default, for the duration of the test."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


@pytest.mark.parametrize("content", ["Wörter\n", "", b"\x00\xff"])
def test_the_content_is_written(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "a long old content")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    with replace_atomically(path) as temporary:
        temporary.write_bytes(b"half")
        assert not path.exists()
        assert temporary.parent == tmp_path  # a rename is atomic within one file system only
        assert temporary.suffix == ".png"  # writers choose the format by it
    assert path.read_bytes() == b"half"


def write_half(path: Path, error: type[BaseException]) -> None:
    with replace_atomically(path) as temporary:
        temporary.write_text("half of the n")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_at_the_rename_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomically(path, "a file cannot take a folder's place")
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


def test_an_error_names_the_file_and_the_reason(tmp_path: Path) -> None:
    path, device = tmp_path / "image.png", Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match=f"^cannot write {path}: No space left on device$"), replace_atomically(path):
        device.write_bytes(b"x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "/some/.image.tmp"), "cannot write {path}: Permission denied"),
        (OSError("encoder error -2"), "cannot write {path}: encoder error -2"),
        # A message that names a file is kept.
        (OSError("cannot write other.png: it is locked"), "cannot write other.png: it is locked"),
    ],
)
def test_errors_keep_their_type(error: OSError, message: str, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    with pytest.raises(type(error)) as caught, replace_atomically(path):
        raise error
    assert str(caught.value) == message.format(path=path)


@pytest.mark.parametrize("write", [check_writable, lambda folder: write_atomically(folder / "file", "x")])
def test_a_file_in_place_of_a_folder_is_named(write: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.touch()
    with pytest.raises(NotADirectoryError, match=f"cannot write {folder}.*: {folder} is a file, not a folder"):
        write(folder)


def test_permissions_follow_the_umask(umask: int, tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", "x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~umask
    assert os.umask(umask) == umask


def test_permissions_follow_the_umask_whatever_the_writer_does(umask: int, tmp_path: Path) -> None:
    with replace_atomically(tmp_path / "file") as temporary:
        # As safetensors does: it replaces the temporary file with its own, which only the owner can read.
        own = tmp_path / "own"
        own.touch(mode=0o600)
        own.replace(temporary)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_umask_is_never_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to read it, because another thread may be writing a file at the same time."""
    monkeypatch.setattr(os, "umask", None)
    write_atomically(tmp_path / "file", "x")


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    device, link = tmp_path / "device", tmp_path / "link"
    os.mkfifo(device)
    link.symlink_to(device)
    for path in (device, link):
        with pytest.raises(OSError, match=f"cannot write {path}: it exists and is not a regular file"):
            write_atomically(path, "content")
    assert device.is_fifo()
    assert link.is_symlink()
