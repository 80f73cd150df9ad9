"""Seeds of a training, and the global generators of the process."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from genera.core import noise_from


def step_seed(seed: int, step: int, *, rank: int = 0) -> int:
    """The seed of one step in one process, in [0, 2⁶³).

    The noise of a step is a function of ``(seed, step, rank)`` only, so a resumed training has the same noise as an
    uninterrupted one, and processes have different noise.
    """
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]) & (2**63 - 1)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed all random numbers, and restore the global generators afterwards."""
    with noise_from(torch.Generator().manual_seed(seed)), global_generators_kept(torch.device("cpu")):
        if _is_main_thread():
            _seed_numpy_and_python(seed)
        yield


# Models of Genera take their noise from the generator that they are given. Other networks and callbacks may use global
# generators, as `nn.Dropout` and NumPy do, and resume exactly as well. All threads share the global generators, so only
# a training in the main thread may seed them.


def seed_global_generators(seed: int) -> None:
    """Seed the global generators of torch, NumPy and Python; outside the main thread do nothing."""
    if not _is_main_thread():
        return
    # Without an accelerator, torch.manual_seed is slow: it records a stack trace for every kind of accelerator.
    seed_torch = torch.manual_seed if torch.accelerator.is_available() else torch.default_generator.manual_seed
    seed_torch(seed)
    _seed_numpy_and_python(seed)


@contextmanager
def global_generators_kept(device: torch.device) -> Iterator[None]:
    """Restore the global generators, including that of ``device``; outside the main thread do nothing."""
    if not _is_main_thread():
        yield
        return
    python_state, numpy_state = random.getstate(), np.random.get_state()
    # On MPS torch has no numbered generators.
    devices = [] if device.type in ("cpu", "mps") else [device]
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


def _seed_numpy_and_python(seed: int) -> None:
    np.random.seed(seed & (2**32 - 1))
    random.seed(seed)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
