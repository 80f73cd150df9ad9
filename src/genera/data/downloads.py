"""Data files: found locally or downloaded from mirrors, and always verified.

A file is searched in ``$GENERA_DATA/NAME/``, then in the user's cache, and then downloaded into that cache. It gets its
name there only after its digest has been verified, so files in the cache are complete.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Literal

import pooch

# Timeouts in seconds for connecting and for reading.
TIMEOUT = (5, 30)
RETRIES_PER_MIRROR = 1
#: Downloads of at least this many bytes show a progress bar.
_PROGRESS_BAR_BYTES = 1_000_000


@dataclass(frozen=True)
class Digest:
    """A SHA-256 digest and the data that it covers.

    Args:
        sha256: 64 hex digits.
        covers: ``content`` for the decompressed file, which is independent of the compression; ``archive`` if only the
            digest of the published file itself is known.
    """

    sha256: str
    covers: Literal["content", "archive"] = "content"


@dataclass(frozen=True)
class RemoteFile:
    """A gzip file that a data set needs.

    Args:
        name: file name, the same at every mirror.
        mirrors: URLs of folders that contain it, ending in a slash, tried in this order.
        digest: expected digest.
        download_bytes: size of the published file, shown to users before the download.
        max_bytes: largest allowed size of the decompressed content.
    """

    name: str
    mirrors: tuple[str, ...]
    digest: Digest
    download_bytes: int
    max_bytes: int


def data_folders(dataset: str) -> tuple[Path, ...]:
    """The folders in which the files of a data set are searched; the last is the cache for downloads."""
    root = os.environ.get("GENERA_DATA")
    cache = Path(pooch.os_cache("genera")) / dataset
    return (Path(root) / dataset, cache) if root else (cache,)


def find_file(dataset: str, name: str) -> Path | None:
    """The first file of a name in the folders of a data set."""
    return next((folder / name for folder in data_folders(dataset) if (folder / name).is_file()), None)


def describe_data_folders(dataset: str) -> str:
    """The folders of a data set, for messages about files that users must put there."""
    cache = data_folders(dataset)[-1]
    root = os.environ.get("GENERA_DATA")
    return f"$GENERA_DATA/{dataset}/ (GENERA_DATA is {root or 'not set'}) or {cache}{os.sep}"


def read_file(dataset: str, file: RemoteFile) -> bytes:
    """The decompressed content of a file, which is downloaded if it is not found.

    Raises:
        ValueError: the file is damaged, or it is not found and no mirror provides it.
    """
    path = find_file(dataset, file.name) or _download(dataset, file)
    try:
        return _checked_content(path.read_bytes(), file)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; delete it or replace it") from error


def _checked_content(archive: bytes, file: RemoteFile) -> bytes:
    """Decompress, and raise ValueError if the result is not the published data."""
    if file.digest.covers == "archive":
        _check_digest(archive, file.digest)
    try:
        with gzip.GzipFile(fileobj=BytesIO(archive)) as stream:
            content = stream.read(file.max_bytes + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"it is not a complete gzip file, {len(archive)} bytes ({_one_line(error)})") from error
    if len(content) > file.max_bytes:
        raise ValueError(f"it decompresses to more than the {file.max_bytes} bytes expected")
    if file.digest.covers == "content":
        _check_digest(content, file.digest)
    return content


def _check_digest(data: bytes, digest: Digest) -> None:
    got = hashlib.sha256(data).hexdigest()
    if got != digest.sha256:
        raise ValueError(f"SHA-256 of the {digest.covers} must be {digest.sha256}, got {got}")


def _download(dataset: str, file: RemoteFile) -> Path:
    """Download a file into the cache from the first mirror that provides the correct one."""
    # The import is slow and only needed here.
    import requests

    folder = data_folders(dataset)[-1]
    failures: list[str] = []
    for mirror in file.mirrors:
        fetcher = pooch.create(
            path=folder,
            base_url=mirror,
            registry={file.name: None},  # `_fetch` checks the digest before the file gets its name
            retry_if_failed=RETRIES_PER_MIRROR,
        )
        try:
            return Path(fetcher.fetch(file.name, downloader=partial(_fetch, file)))
        except (requests.RequestException, _MirrorError) as error:
            failures.append(f"{mirror} ({_reason(error)})")
    raise ValueError(
        f"cannot download {file.name} of {dataset}, tried {', '.join(failures)}; "
        f"put the file by hand into {describe_data_folders(dataset)}"
    )


class _MirrorError(Exception):
    """A retry at this mirror is pointless; pooch retries other exceptions."""


def _fetch(file: RemoteFile, url: str, output_file: str, _: object) -> None:
    """Download to pooch's temporary file, which pooch renames only if this does not raise, and check the content."""
    import requests

    show_bar = file.download_bytes >= _PROGRESS_BAR_BYTES
    fetch = pooch.HTTPDownloader(progressbar=show_bar, chunk_size=1 << 16, timeout=TIMEOUT)
    try:
        fetch(url, output_file, None)
        _checked_content(Path(output_file).read_bytes(), file)
    except requests.HTTPError as error:
        raise _MirrorError(_reason(error)) from error
    except ValueError as error:
        raise _MirrorError(f"wrong file: {error}") from error


def _reason(error: Exception) -> str:
    """A short reason why a download failed; the messages of requests have many lines."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "timeout"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer was interrupted"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return _one_line(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
