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
    """The seed of one step of one process, in [0, 2⁶³).

    The noise of a step is thereby nothing but a function of ``(seed, step, rank)``: a resumed training draws what the
    uninterrupted one would have drawn, and no process shares another's.
    """
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]) & (2**63 - 1)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let what is made within take its random numbers from a seed, and leave every global generator as it was."""
    with noise_from(torch.Generator().manual_seed(seed)), global_generators_kept(torch.device("cpu")):
        if _may_use_global_generators():
            _seed_numpy_and_python(seed)
        yield


# Our own models take their noise from the generator they are given. A network of one's own may not, as one with
# `nn.Dropout` cannot, and a callback may draw from NumPy; their trainings are to resume exactly as well. But there is
# one such generator for all of a process: only a training in its main thread may have them.


def seed_global_generators(seed: int) -> None:
    """Seed torch's, NumPy's and Python's global generators, in the main thread; elsewhere do nothing."""
    if not _may_use_global_generators():
        return
    # Without an accelerator torch.manual_seed notes down a stack trace for every kind there might be.
    seed_torch = torch.manual_seed if torch.accelerator.is_available() else torch.default_generator.manual_seed
    seed_torch(seed)
    _seed_numpy_and_python(seed)


@contextmanager
def global_generators_kept(device: torch.device) -> Iterator[None]:
    """Put back the global generators, that of ``device`` among them, as they were; only in the main thread."""
    if not _may_use_global_generators():
        yield
        return
    of_python, of_numpy = random.getstate(), np.random.get_state()
    # torch knows no generators by number on Apple's devices.
    devices = [] if device.type in ("cpu", "mps") else [device]
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


def _seed_numpy_and_python(seed: int) -> None:
    np.random.seed(seed & (2**32 - 1))
    random.seed(seed)


def _may_use_global_generators() -> bool:
    return threading.current_thread() is threading.main_thread()
