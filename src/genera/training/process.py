"""What a training sets for the whole process, because Lightning, warnings and cuDNN know no smaller place for it."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

_LOCK = threading.Lock()
_set_by_first = ExitStack()
_num_running = 0


@contextmanager
def process_settings() -> Iterator[None]:
    """Silence Lightning, and let cuDNN be deterministic, while a training runs.

    Trainings may run in several threads: the first sets it, and the last puts it back. Each on its own would put back
    what another had set.
    """
    global _num_running
    with _LOCK:
        if not _num_running:
            _set_by_first.enter_context(_quiet_lightning())
            _set_by_first.enter_context(_deterministic_cudnn())
        _num_running += 1
    try:
        yield
    finally:
        with _LOCK:
            _num_running -= 1
            if not _num_running:
                _set_by_first.close()


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence what Lightning says of itself: what a person needs to know, our own lines say."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def _deterministic_cudnn() -> Iterator[None]:
    """Let cuDNN add in the same order every time; in a backward pass its fastest kernels do not."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before
