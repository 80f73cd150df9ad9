"""The run directory, which holds everything that a training leaves."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from genera.core.files import write_atomically
from genera.runs.readers import read_environment, read_table
from genera.runs.yaml_files import read_yaml

#: Folders that commands write into.
_FOLDERS = ("checkpoints", "figures", "measurements", "samples", "tensorboard")


def runs_root() -> Path:
    """The folder for new runs: ``$GENERA_RUNS``, or ``runs`` in the current folder."""
    return Path(os.environ.get("GENERA_RUNS") or "runs")


class RunDirectory:
    """Paths of the files in a run directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path / ".lock"
        #: Every setting of the run, defaults included.
        self.config = path / "config.yaml"
        #: The best validated weights so far, of two players the last; averaged if averaging is on.
        self.weights = path / "model.safetensors"
        #: Everything that an exact resume needs.
        self.checkpoint = path / "checkpoints" / "last.ckpt"
        #: Logged metrics, one row per step.
        self.metrics = path / "metrics.csv"
        #: Grids of samples made during the training.
        self.samples = path / "samples"
        #: Figures of the finished run.
        self.figures = path / "figures"
        #: Measures of the model.
        self.evaluation = path / "evaluation.json"
        #: Versions, hardware, and the cost of the training.
        self.environment = path / "environment.json"

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Create an empty run directory.

        Raises:
            ValueError: ``path`` exists and is not an empty directory.
            OSError: it cannot be written.
        """
        run = cls(path)
        if path.exists() and (not path.is_dir() or run.has_files):
            raise ValueError(f"{path} exists and is not empty: name another --out, or resume it with --resume {path}")
        path.mkdir(parents=True, exist_ok=True)
        return run

    @classmethod
    def create_numbered(cls, stem: str) -> RunDirectory:
        """Create ``STEM-1`` in :func:`runs_root`, or the first number that is free.

        Raises:
            OSError: the directory cannot be written.
        """
        number = 0
        while True:
            number += 1
            path = runs_root() / f"{stem}-{number}"
            with suppress(FileExistsError):
                path.mkdir(parents=True)
                return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open an existing run.

        Raises:
            ValueError: there is no run at ``path``.
        """
        run = cls(path)
        if not path.is_dir():
            raise ValueError(f"there is no run directory {path}")
        if not run.config.is_file():
            raise ValueError(f"{path} is not a run directory: it has no {run.config.name}")
        for name in _FOLDERS:
            if (path / name).is_symlink():
                # A run from an unknown source must not redirect what is written to other folders.
                raise ValueError(f"{path / name} is a link: put the folder itself there, or remove it")
        return run

    @property
    def has_files(self) -> bool:
        """Whether it contains anything but its lock."""
        return any(file != self._lock for file in self.path.iterdir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Prevent other trainings in this directory; the lock of a dead process does not count.

        Raises:
            ValueError: another training has the lock; the message names its process.
            OSError: the directory cannot be written.
        """
        lock = FileLock(self._lock, timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            owner = self._lock.read_text(encoding="utf-8", errors="replace").strip() or "another process"
            raise ValueError(f"{self.path} is being trained by {owner}: wait for it, or stop it first") from error
        except OSError as error:
            raise OSError(f"cannot write into {self.path}: {error.strerror or error}") from error
        try:
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            self._lock.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {since}\n", encoding="utf-8")
            yield
        finally:
            lock.release()

    @property
    def has_only_settings(self) -> bool:
        """Whether it contains nothing but the settings and its lock."""
        return {*self.path.iterdir()} <= {self.config, self._lock}

    def clear(self, *, keep_folder: bool) -> None:
        """Remove the settings, and the directory unless it is to be kept."""
        self.config.unlink()
        self._lock.unlink(missing_ok=True)
        if not keep_folder:
            self.path.rmdir()

    def read_config(self) -> dict[str, Any]:
        """Read the settings as plain data; raises ValueError if the file is damaged."""
        return read_yaml(self.config)

    def write_config(self, config: dict[str, Any]) -> None:
        """Replace the settings."""
        write_atomically(self.config, yaml.safe_dump(config, sort_keys=False))

    def check_records(self) -> None:
        """Read the records of the training before expensive work; raises ValueError if a file is damaged."""
        self.read_environment()
        if self.metrics.is_file():
            read_table(self.metrics)

    def read_environment(self) -> dict[str, Any] | None:
        """Versions, hardware, and the cost of the training; None if there is no file, ValueError if it is damaged."""
        return read_environment(self.environment) if self.environment.is_file() else None

    def write_environment(self, environment: dict[str, Any]) -> None:
        """Replace ``environment.json``."""
        write_atomically(self.environment, json.dumps(environment, indent=2) + "\n")
