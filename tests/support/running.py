"""Run commands and documents in tests, and read the resulting files."""

from __future__ import annotations

import csv
import ctypes
import os
import re
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
#: Linux constants to drop a process's right to write regardless of permissions.
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1
TINY = str(HERE / "tiny.yaml")


def losses(run: Path) -> list[dict[str, str]]:
    """The rows of ``metrics.csv``, without the columns of times."""
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in rows]


def checkpoint_of(run: Path) -> dict[str, Any]:
    """The last checkpoint of a run, on the CPU."""
    return torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)


def genera(
    *arguments: str, limit_file_size: int | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a separate process, which can be killed or run out of disk space.

    Root can write only where permissions allow it. Variables are added to the environment.
    """

    def limit() -> None:
        if limit_file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_size, limit_file_size))
        if sys.platform == "linux" and os.geteuid() == 0:
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE)

    # A module instead of `-c`: Lightning starts the other processes of a ddp training with this command line.
    command = [sys.executable, "-m", "genera.cli", *arguments]
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path} | (variables or {})
    return subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=limit, check=False)


def failing_genera(*arguments: str, limit_file_size: int | None = None) -> str:
    """Run a command that must fail in a separate process, and return its error line."""
    failed = genera(*arguments, limit_file_size=limit_file_size)
    assert failed.returncode == 2, failed.stderr
    assert "Traceback" not in failed.stderr
    (line,) = [line for line in failed.stderr.splitlines() if "error:" in line]
    return line


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
