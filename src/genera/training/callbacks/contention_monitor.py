"""What other programs leave of the processor, and what that means for a training on it."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

import lightning.pytorch as pl
import psutil
import torch
from tqdm import tqdm

#: Seconds of training after which it is said that fewer threads are faster.
_SECONDS = 10.0
#: How much of a core may be missing for as many threads. `benchmarks/busy.py` on two cores: beside a process that uses
#: a third of one, one thread trains as fast as two or faster.
_MISSING = 0.25


class OtherPrograms:
    """What programs besides this one do, from here on.

    Raises:
        psutil.Error, OSError: the operating system does not say.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cores = _cores_of(self._process)
        self._started, self._seconds_before = time.monotonic(), self._seconds_of_others()

    @property
    def num_cores(self) -> int:
        """How many cores this process may use."""
        return len(self._cores)

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self._started

    def cores_used(self) -> float:
        """How many of the cores they have kept busy since the start, on average."""
        return max(0.0, self._seconds_of_others() - self._seconds_before) / self.seconds

    def _seconds_of_others(self) -> float:
        cores = psutil.cpu_times(percpu=True)
        busy = sum(_sum_of(cores[core], "user", "nice", "system") for core in self._cores)
        own = _sum_of(self._process.cpu_times(), "user", "system", "children_user", "children_system")
        return busy - own - sum(map(_seconds_of_child, self._process.children(recursive=True)))


class ContentionMonitor:
    """Advises once, after the first seconds of training, to use fewer threads where that would be faster."""

    def __init__(self) -> None:
        self._others: OtherPrograms | None = None

    def start(self, trainer: pl.Trainer) -> None:
        """Begin to measure; in the first process, and where training runs on the processor."""
        if trainer.is_global_zero and trainer.strategy.root_device.type == "cpu":
            # No training ends because advice could not be given.
            with suppress(psutil.Error, OSError):
                self._others = OtherPrograms()

    def check(self) -> None:
        """Advise, when enough time has passed."""
        if self._others is None or self._others.seconds < _SECONDS:
            return
        others, self._others = self._others, None
        with suppress(psutil.Error, OSError):
            self._advise(others.cores_used(), others.num_cores)

    def _advise(self, used: float, cores: int) -> None:
        fitting = threads_that_fit(cores, used)
        if fitting < torch.get_num_threads():
            tqdm.write(
                f"other programs use {used:.1f} of {cores} cores: fewer threads may be faster then: "
                f"try OMP_NUM_THREADS={fitting} before the command",
                file=sys.stderr,
            )


def threads_that_fit(cores: int, used: float) -> int:
    """How many threads train fastest beside other programs, one at least.

    Args:
        cores: there are.
        used: by other programs, of them.
    """
    return max(1, int(cores - used + _MISSING))


def _cores_of(process: psutil.Process) -> list[int]:
    """Numbers of the cores that a process may use."""
    every = list(range(len(psutil.cpu_times(percpu=True))))
    # macOS binds no process to cores, and some containers number them otherwise than the machine they run on.
    bound = process.cpu_affinity() if hasattr(process, "cpu_affinity") else every
    return bound if max(bound) < len(every) else every


def _seconds_of_child(child: psutil.Process) -> float:
    try:
        return _sum_of(child.cpu_times(), "user", "system")
    except psutil.Error:
        # It has ended since it was listed.
        return 0.0


def _sum_of(times: Any, *names: str) -> float:
    """Of those fields that this operating system has."""
    return sum(getattr(times, name, 0.0) for name in names)
