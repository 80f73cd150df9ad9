"""How much memory there is, asked before it is taken: a machine that runs out of it kills whatever it likes."""

from __future__ import annotations

from pathlib import Path

import psutil

#: Where a container finds how much it may use; psutil tells of the whole machine.
_CONTAINER = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes that this process may still take without swapping."""
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = (int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
        return min(available, max(0, limit - used))
    # There is no container, or its limit is "max".
    except (OSError, ValueError):
        return available


def check_fits_in_memory(num_bytes: int, what: str, *, hint: str, copies: int = 1) -> None:
    """Refuse what does not fit into the memory there is, before it is made.

    Args:
        num_bytes: that it takes.
        what: it is, for the message: "``what`` would take 48.0 GB of memory, …".
        hint: what to do about it.
        copies: how often it is held at once.

    Raises:
        ValueError: it does not fit.
    """
    available = available_memory()
    if copies * num_bytes <= available:
        return
    times = "" if copies == 1 else f", {copies} times at once"
    raise ValueError(
        f"{what} would take {_gigabytes(num_bytes)} of memory{times}, and {_gigabytes(available)} are free: {hint}"
    )


def _gigabytes(num_bytes: int) -> str:
    # Whatever a file claims has to be printed; beyond a float there is no format for it.
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes < 10**21 else "more than 1,000,000,000,000 GB"
