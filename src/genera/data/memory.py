"""Checks of the available memory before large allocations, as a machine out of memory kills arbitrary processes."""

from __future__ import annotations

from pathlib import Path

import psutil

#: Files with the memory limit of a container; psutil reports the memory of the whole machine.
_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes that this process can still allocate without swapping."""
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        return min(available, max(0, limit - used))
    # Not in a container, or its limit is "max".
    except (OSError, ValueError):
        return available


def check_fits_in_memory(num_bytes: int, what: str, *, hint: str, copies: int = 1) -> None:
    """Raise if an object does not fit into the available memory, before it is created.

    Args:
        num_bytes: size of the object.
        what: name of the object in the message "``what`` would take 48.0 GB of memory, …".
        hint: advice at the end of the message.
        copies: number of copies in memory at the same time.

    Raises:
        ValueError: it does not fit.
    """
    available = available_memory()
    if copies * num_bytes <= available:
        return
    times = "" if copies == 1 else f" for each of {copies} copies"
    raise ValueError(
        f"{what} would take {_gigabytes(num_bytes)} of memory{times}, but only {_gigabytes(available)} are free: {hint}"
    )


def _gigabytes(num_bytes: int) -> str:
    # A file may state any size; integers too large for a float cannot be formatted.
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes < 10**21 else "more than 1,000,000,000,000 GB"
