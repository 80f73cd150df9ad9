"""Data files: found locally or downloaded from mirrors, and never used unchecked.

A file is looked for in ``$GENERA_DATA/NAME/``, then in the user's cache, and then downloaded into that cache. It gets
its name there only once its digest is right, so what is in the cache is whole.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import pooch

# Seconds to connect, and between two pieces of a file.
TIMEOUT = (5, 30)
RETRIES_PER_MIRROR = 1
_PROGRESS_FROM = 1_000_000


@dataclass(frozen=True)
class Digest:
    """A SHA-256 and what it is of.

    Args:
        sha256: 64 hex digits.
        covers: ``content`` where it is of the decompressed file, which survives a recompression; ``archive`` where
            only the digest of the published file itself is known.
    """

    sha256: str
    covers: Literal["content", "archive"] = "content"


@dataclass(frozen=True)
class RemoteFile:
    """A gzip file that a data set needs.

    Args:
        name: the file's name, the same at every mirror.
        mirrors: addresses of folders that hold it, ending in a slash, tried in this order.
        digest: what it must be.
        download_bytes: size of the published file, to tell users beforehand.
        max_bytes: the most it may decompress to.
    """

    name: str
    mirrors: tuple[str, ...]
    digest: Digest
    download_bytes: int
    max_bytes: int


def data_folders(dataset: str) -> tuple[Path, ...]:
    """Where the files of a data set are looked for, in this order; the last is the cache that downloads go to."""
    own = os.environ.get("GENERA_DATA")
    cache = Path(pooch.os_cache("genera")) / dataset
    return (Path(own) / dataset, cache) if own else (cache,)


def find_file(dataset: str, name: str) -> Path | None:
    """The first file of that name in the data set's folders."""
    return next((folder / name for folder in data_folders(dataset) if (folder / name).is_file()), None)


def where_to_put(dataset: str) -> str:
    """The end of a message about missing files: where to put them by hand."""
    cache = data_folders(dataset)[-1]
    own = os.environ.get("GENERA_DATA")
    first = f"$GENERA_DATA/{dataset}/ (GENERA_DATA is {own or 'not set'})"
    return f"{first} or {cache}{os.sep}"


def read_file(dataset: str, file: RemoteFile) -> bytes:
    """The decompressed content of a file, downloaded where it is not yet here.

    Raises:
        ValueError: the file is here but damaged, or not here and no mirror gives it.
    """
    path = find_file(dataset, file.name) or _download(dataset, file)
    try:
        return _checked_content(path.read_bytes(), file)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; delete it or replace it") from error


def _checked_content(archive: bytes, file: RemoteFile) -> bytes:
    """Decompress, and refuse whatever is not exactly the published data."""
    if file.digest.covers == "archive":
        _compare(archive, file.digest)
    try:
        with gzip.GzipFile(fileobj=BytesIO(archive)) as stream:
            content = stream.read(file.max_bytes + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"not a whole gzip file of {len(archive)} bytes ({_one_line(error)})") from error
    if len(content) > file.max_bytes:
        raise ValueError(f"it decompresses to more than the {file.max_bytes} bytes expected")
    if file.digest.covers == "content":
        _compare(content, file.digest)
    return content


def _compare(data: bytes, digest: Digest) -> None:
    got = hashlib.sha256(data).hexdigest()
    if got != digest.sha256:
        raise ValueError(f"SHA-256 of the {digest.covers} must be {digest.sha256}, got {got}")


def _download(dataset: str, file: RemoteFile) -> Path:
    """Fetch a file into the cache from the first mirror that has the right one."""
    # Takes long to import and is needed for this alone.
    import requests

    folder = data_folders(dataset)[-1]
    failures: list[str] = []
    for mirror in file.mirrors:
        fetcher = pooch.create(
            path=folder,
            base_url=mirror,
            registry={file.name: None},  # the digest is checked by our downloader, before the file gets its name
            retry_if_failed=RETRIES_PER_MIRROR,
        )
        try:
            return Path(fetcher.fetch(file.name, downloader=_CheckingDownloader(file)))
        except (requests.RequestException, _MirrorError) as error:
            failures.append(f"{mirror} ({_reason(error)})")
    raise ValueError(
        f"cannot download {file.name} of {dataset}, tried {', '.join(failures)}; "
        f"put the file by hand into {where_to_put(dataset)}"
    )


class _MirrorError(Exception):
    """This mirror will not give the right file however often it is asked; pooch retries other errors only."""


class _CheckingDownloader:
    """Downloads to pooch's temporary file, which pooch renames only if this returns."""

    def __init__(self, file: RemoteFile) -> None:
        self.file = file

    def __call__(self, url: str, output_file: str, _: object) -> None:
        import requests

        with_bar = self.file.download_bytes >= _PROGRESS_FROM
        fetch = pooch.HTTPDownloader(progressbar=with_bar, chunk_size=1 << 16, timeout=TIMEOUT)
        try:
            fetch(url, output_file, None)
            _checked_content(Path(output_file).read_bytes(), self.file)
        except requests.HTTPError as error:
            raise _MirrorError(_reason(error)) from error
        except ValueError as error:
            raise _MirrorError(f"wrong file: {error}") from error


def _reason(error: Exception) -> str:
    """Why a download failed, in a few words; what requests says runs over many lines."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return _one_line(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
