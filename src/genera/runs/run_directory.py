"""The run directory: the only thing that training hands on."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from genera.core.files import write_atomically
from genera.runs.readers import read_environment, read_table
from genera.runs.yaml_files import read_yaml

#: Folders that are written into.
_FOLDERS = ("checkpoints", "figures", "measurements", "samples", "tensorboard")


def runs_root() -> Path:
    """Where new runs go: ``$GENERA_RUNS``, or ``runs`` in the current folder."""
    return Path(os.environ.get("GENERA_RUNS") or "runs")


@dataclass(frozen=True)
class RunDirectory:
    """Names of what lies in a run directory.

    Args:
        path: the directory.
    """

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Make a new, empty run directory.

        Raises:
            ValueError: something is there already.
            OSError: it cannot be written.
        """
        run = cls(path)
        if path.exists() and (not path.is_dir() or run.has_files):
            raise ValueError(f"{path} exists and is not empty: name another --out, or go on with --resume {path}")
        path.mkdir(parents=True, exist_ok=True)
        return run

    @classmethod
    def create_numbered(cls, stem: str) -> RunDirectory:
        """Make ``STEM-1`` under :func:`runs_root`, or the first number that is free.

        Raises:
            OSError: the directory cannot be written.
        """
        number = 1
        while True:
            path = runs_root() / f"{stem}-{number}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Name an existing run.

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
                # What is written there would be written elsewhere, and a run may be a stranger's.
                raise ValueError(f"{path / name} is a link: put the folder itself there, or remove it")
        return run

    @property
    def has_files(self) -> bool:
        """Whether anything but its lock is in it."""
        return any(file != self._lock for file in self.path.iterdir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else train in this directory meanwhile; the lock of a process that has died is free.

        Raises:
            ValueError: somebody does; says who.
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
        """Whether nothing but the settings has been written."""
        return {*self.path.iterdir()} <= {self.config, self._lock}

    def clear(self, *, keep_folder: bool) -> None:
        """Remove the settings, and the directory where it is not to be kept."""
        self.config.unlink()
        self._lock.unlink(missing_ok=True)
        if not keep_folder:
            self.path.rmdir()

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    @property
    def config(self) -> Path:
        """Every setting of the run, defaults included."""
        return self.path / "config.yaml"

    @property
    def weights(self) -> Path:
        """Weights of the best validation so far, averaged where averaging is on."""
        return self.path / "model.safetensors"

    @property
    def checkpoint(self) -> Path:
        """All that an exact resume needs."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def metrics(self) -> Path:
        """What was logged, a row per step."""
        return self.path / "metrics.csv"

    @property
    def samples(self) -> Path:
        """Grids drawn while training."""
        return self.path / "samples"

    @property
    def figures(self) -> Path:
        """Figures made of the finished run."""
        return self.path / "figures"

    @property
    def evaluation(self) -> Path:
        """Measures of the model."""
        return self.path / "evaluation.json"

    @property
    def environment(self) -> Path:
        """Versions, hardware, and what the training cost."""
        return self.path / "environment.json"

    def read_config(self) -> dict[str, Any]:
        """The settings as plain data.

        Raises:
            ValueError: the file is damaged.
        """
        return read_yaml(self.config)

    def write_config(self, config: dict[str, Any]) -> None:
        """Replace the settings."""
        write_atomically(self.config, yaml.safe_dump(config, sort_keys=False))

    def check_records(self) -> None:
        """Read what the training wrote down of itself, so that damage is found before work is done for nothing.

        Raises:
            ValueError: a file is damaged.
        """
        if self.environment.is_file():
            read_environment(self.environment)
        if self.metrics.is_file():
            read_table(self.metrics)

    def write_environment(self, environment: dict[str, Any]) -> None:
        """Replace what is known of the circumstances."""
        write_atomically(self.environment, json.dumps(environment, indent=2) + "\n")
