from __future__ import annotations

import gzip
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from genera.data.downloads import Digest, RemoteFile, data_folders, find_file, read_file

CONTENT = bytes(range(256)) * 40
ARCHIVE = gzip.compress(CONTENT, mtime=0)
OTHER = gzip.compress(b"something else", mtime=0)
FILE = RemoteFile(
    "toy.gz", (), Digest(hashlib.sha256(CONTENT).hexdigest()), download_bytes=len(ARCHIVE), max_bytes=len(CONTENT)
)
INTERRUPTED = b"interrupted"


@dataclass
class Server:
    """A mirror with predefined responses: for each path a list of them, the last one repeated."""

    address: str = ""
    responses: dict[str, list[bytes | int]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def mirrors(self, *names: str) -> RemoteFile:
        return replace(FILE, mirrors=tuple(f"{self.address}/{name}/" for name in names))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            responses = state.responses[self.path]
            response = responses[min(state.requests[self.path], len(responses) - 1)]
            state.requests[self.path] += 1
            if isinstance(response, int):
                self.send_error(response)
                return
            body = ARCHIVE[: len(ARCHIVE) // 2] if response == INTERRUPTED else response
            self.send_response(200)
            self.send_header("Content-Length", str(len(ARCHIVE if response == INTERRUPTED else body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{httpd.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield state
    httpd.shutdown()
    httpd.server_close()


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_download_is_cached(server, cache):
    server.responses = {"/a/toy.gz": [ARCHIVE]}
    assert read_file("toy", server.mirrors("a")) == CONTENT
    assert read_file("toy", server.mirrors("a")) == CONTENT
    assert server.requests == {"/a/toy.gz": 1}
    assert files_in(cache) == ["toy.gz"]


def test_an_interrupted_transfer_is_retried(server, cache):
    server.responses = {"/a/toy.gz": [INTERRUPTED, ARCHIVE]}
    assert read_file("toy", server.mirrors("a")) == CONTENT
    assert server.requests == {"/a/toy.gz": 2}
    assert files_in(cache) == ["toy.gz"]


@pytest.mark.parametrize(
    ("response", "reason", "num_requests"),
    [
        (404, "HTTP status 404", 1),
        (503, "HTTP status 503", 1),
        (OTHER, "SHA-256 of the content must be", 1),
        (ARCHIVE[:-50], "not a complete gzip file", 1),
        (b"<html>log in first</html>", "not a complete gzip file", 1),
        (gzip.compress(bytes(10**6)), "more than the 10240 bytes expected", 1),
        (INTERRUPTED, "the transfer was interrupted", 2),
    ],
    ids=["absent", "busy", "wrong digest", "truncated", "web page", "bomb", "interrupted"],
)
def test_a_bad_mirror_leaves_no_file_and_the_next_is_tried(server, cache, complains, response, reason, num_requests):
    server.responses = {"/a/toy.gz": [response], "/b/toy.gz": [ARCHIVE]}
    with complains("cannot download toy.gz of toy", f"{server.address}/a/", reason, "$GENERA_DATA/toy/", str(cache)):
        read_file("toy", server.mirrors("a"))
    assert server.requests == {"/a/toy.gz": num_requests}
    assert files_in(cache) == []
    assert read_file("toy", server.mirrors("a", "b")) == CONTENT
    assert server.requests["/b/toy.gz"] == 1
    assert files_in(cache) == ["toy.gz"]


def test_the_message_without_a_network_names_the_folders_for_the_file(no_network, data_folder, cache, complains):
    file = replace(FILE, mirrors=("http://one.invalid/", "http://two.invalid/"))
    with complains(
        "http://one.invalid/ (no connection), http://two.invalid/ (no connection)",
        f"put the file by hand into $GENERA_DATA/toy/ (GENERA_DATA is {data_folder}) or {cache / 'toy'}",
    ):
        read_file("toy", file)


def test_the_data_folder_is_searched_before_the_cache(data_folder, cache):
    for folder, content in ((data_folder / "toy", ARCHIVE), (cache / "toy", b"damaged")):
        folder.mkdir(parents=True)
        (folder / "toy.gz").write_bytes(content)
    assert data_folders("toy") == (data_folder / "toy", cache / "toy")
    assert find_file("toy", "toy.gz") == data_folder / "toy" / "toy.gz"
    assert read_file("toy", FILE) == CONTENT


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (OTHER, "SHA-256 of the content must be " + FILE.digest.sha256),
        (ARCHIVE[:-50], "not a complete gzip file"),
        (b"", "SHA-256 of the content"),
        (b"no gzip", "not a complete gzip file"),
    ],
    ids=["wrong digest", "truncated", "empty", "no gzip"],
)
def test_a_damaged_file_is_named(data_folder, complains, archive, reason):
    path = data_folder / "toy" / "toy.gz"
    path.parent.mkdir()
    path.write_bytes(archive)
    with complains(f"{path} is damaged", reason, "delete it or replace it"):
        read_file("toy", FILE)


def test_a_digest_of_the_content_does_not_depend_on_the_compression(data_folder):
    (data_folder / "toy").mkdir()
    (data_folder / "toy" / "toy.gz").write_bytes(gzip.compress(CONTENT, compresslevel=1))
    assert read_file("toy", FILE) == CONTENT


def test_a_digest_of_the_archive_covers_the_archive(data_folder, complains):
    (data_folder / "toy").mkdir()
    path = data_folder / "toy" / "toy.gz"
    path.write_bytes(ARCHIVE)
    file = replace(FILE, digest=Digest(hashlib.sha256(ARCHIVE).hexdigest(), covers="archive"))
    assert read_file("toy", file) == CONTENT
    path.write_bytes(gzip.compress(CONTENT, compresslevel=1))
    with complains("SHA-256 of the archive must be"):
        read_file("toy", file)
