"""Files that are written whole or not at all."""

from __future__ import annotations

import base64
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
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
    if path.exists() and not path.is_file():
        # A folder, or a device such as /dev/null, whose name must not be given to something else.
        raise OSError("it exists and is not a regular file")
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(8)}{path.suffix}")
    # Not with tempfile, which lets nobody else read: here the system applies the umask. To apply it by hand one would
    # have to read it, and it can only be read by setting it, for every thread.
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    os.close(handle)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        # Some writers, such as that of safetensors, put a file of their own in its place.
        temporary.chmod(mode)
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


def png_html(content: bytes, *, alt: str) -> str:
    """A PNG file as an HTML image that needs no other file."""
    source = base64.b64encode(content).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{source}" style="max-width: 100%">'
