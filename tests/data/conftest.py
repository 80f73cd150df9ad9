"""Fixtures of the tests of the data. No test uses the user's cache or the network."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import cases
import pooch
import pytest
import requests

Complains = Callable[..., AbstractContextManager[None]]

REAL_DATA = os.environ.get("GENERA_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no data folder, and no waiting between downloads."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.delenv("GENERA_DATA", raising=False)
    return folder


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the real data sets, if GENERA_DATA is set."""
    if REAL_DATA is None:
        pytest.skip("needs the real data sets: set GENERA_DATA to a folder that contains mnist/ and others")
    monkeypatch.setenv("GENERA_DATA", REAL_DATA)
    return Path(REAL_DATA)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GENERA_DATA", str(folder))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **_: object) -> None:
        raise requests.ConnectionError(f"cannot reach {url}\nin a message of two lines")

    monkeypatch.setattr(requests, "get", refuse)


@pytest.fixture
def complains() -> Complains:
    """``with complains("part", "other part")`` expects a `ValueError` of one line that contains the parts."""
    return cases.complains
