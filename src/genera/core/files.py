"""Atomic writing of files: a file is written completely or not at all."""

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
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path that is renamed to ``path`` when the block ends without an error.

    No reader sees a partial file: the content is flushed to disk before the rename. If the block raises, the temporary
    file is deleted and the previous file at ``path`` is kept.

    Raises:
        OSError: the folder is not writable or the disk is full; the message names ``path`` and the reason.
    """
    with _path_in_errors(path), _replacing(path) as temporary:
        yield temporary


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    _make_folder(path.parent)
    if path.exists() and not path.is_file():
        # A folder, or a device such as /dev/null, which must not be replaced.
        raise OSError("it exists and is not a regular file")
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(8)}{path.suffix}")
    # Not tempfile, whose files only their owner can read: os.open applies the umask. Applying it by hand would require
    # reading it, which is only possible by setting it, for all threads.
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    os.close(handle)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        # Some writers, such as safetensors, replace the temporary file with their own.
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` atomically.

    Raises:
        OSError: the folder is not writable or the disk is full; the previous file at ``path`` is kept.
    """
    with replace_atomically(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def check_writable(folder: Path) -> None:
    """Create a folder and check that files can be written there, before expensive work starts.

    Raises:
        OSError: it cannot be created or written to; the message names ``folder`` and the reason.
    """
    with _path_in_errors(folder):
        _make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(f"{folder} is a file, not a folder") from error


@contextmanager
def _path_in_errors(path: Path) -> Iterator[None]:
    """Name ``path`` in errors: the operating system names the temporary file, or no file at all."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if reason.startswith("cannot write "):
            raise
        # Keep the type, so that callers can catch subclasses.
        raise type(error)(f"cannot write {path}: {reason}") from error


def png_html(content: bytes, *, alt: str) -> str:
    """A PNG file as an HTML image that needs no other file."""
    source = base64.b64encode(content).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{source}" style="max-width: 100%">'
