"""Detects other programs that use the CPU, and recommends fewer threads."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

import lightning.pytorch as pl
import psutil
import torch
from tqdm.auto import tqdm

#: Seconds of training after which fewer threads are recommended.
_SECONDS = 10.0
#: How much of a core may be in use before fewer threads are faster. `benchmarks/busy.py` on two cores: if another
#: process uses a third of a core, one thread trains at least as fast as two.
_MISSING = 0.25


class OtherPrograms:
    """Measures the CPU time that other programs use from now on.

    Raises:
        psutil.Error, OSError: the operating system does not provide CPU times.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cores = _cores_of(self._process)
        #: Number of cores that this process may use.
        self.num_cores = len(self._cores)
        self._started, self._seconds_before = time.monotonic(), self._seconds_of_others()

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self._started

    def cores_used(self) -> float:
        """Average number of the cores that other programs have used since the start."""
        return max(0.0, self._seconds_of_others() - self._seconds_before) / self.seconds

    def _seconds_of_others(self) -> float:
        cores = psutil.cpu_times(percpu=True)
        total = sum(_sum_of(cores[core], "user", "nice", "system") for core in self._cores)
        own = _sum_of(self._process.cpu_times(), "user", "system", "children_user", "children_system")
        for child in self._process.children(recursive=True):
            # The child may have ended in the meantime.
            with suppress(psutil.Error):
                own += _sum_of(child.cpu_times(), "user", "system")
        return total - own


class ContentionMonitor:
    """Recommends fewer threads, once, after the first seconds of training, if they would be faster."""

    def __init__(self) -> None:
        self._others: OtherPrograms | None = None

    def start(self, trainer: pl.Trainer) -> None:
        """Start to measure, in the first process of a training on the CPU."""
        if trainer.is_global_zero and trainer.strategy.root_device.type == "cpu":
            # Training goes on without the recommendation.
            with suppress(psutil.Error, OSError):
                self._others = OtherPrograms()

    def check(self) -> None:
        """Print the recommendation after enough time."""
        if self._others is None or self._others.seconds < _SECONDS:
            return
        others, self._others = self._others, None
        with suppress(psutil.Error, OSError):
            used, cores = others.cores_used(), others.num_cores
            threads = best_num_threads(cores, used)
            if threads < torch.get_num_threads():
                tqdm.write(
                    f"other programs use {used:.1f} of {cores} cores: fewer threads may be faster: "
                    f"try OMP_NUM_THREADS={threads} before the command",
                    file=sys.stderr,
                )


def best_num_threads(cores: int, used: float) -> int:
    """The fastest number of threads if other programs use ``used`` of the ``cores``; at least 1."""
    return max(1, int(cores - used + _MISSING))


def _cores_of(process: psutil.Process) -> list[int]:
    """Numbers of the cores that a process may use."""
    every = list(range(len(psutil.cpu_times(percpu=True))))
    # macOS has no CPU affinity, and some containers number cores differently from the machine they run on.
    allowed = process.cpu_affinity() if hasattr(process, "cpu_affinity") else every
    return allowed if max(allowed) < len(every) else every


def _sum_of(times: Any, *names: str) -> float:
    """The sum of those fields that this operating system has."""
    return sum(getattr(times, name, 0.0) for name in names)
