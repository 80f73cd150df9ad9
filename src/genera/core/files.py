"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the name ``path`` once the block has ended well.

    No reader ever sees half a file: the content is flushed to the disk before it gets its name, and where the block
    fails the temporary file goes and what was at ``path`` before is still there.

    Raises:
        OSError: the folder cannot be written or the disk is full; it names ``path`` and says why.
    """
    with _naming(path), _replacing(path) as temporary:
        yield temporary


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path``, whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full; what was at ``path`` before is still there.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def check_writable(folder: Path) -> None:
    """Make a folder, and find out that files can be written there before work is done for nothing.

    Raises:
        OSError: it cannot be made or written; it names ``folder`` and says why.
    """
    with _naming(folder):
        _make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(f"{folder} is a file, not a folder") from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say of an error what could not be written: the operating system names a temporary file, or none at all."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if reason.startswith("cannot write "):
            raise
        # Of the same type, for those who catch it by that.
        raise type(error)(f"cannot write {path}: {reason}") from error


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
