"""Settings of the whole process while a training runs: Lightning, warnings and cuDNN have no narrower scope."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

_LOCK = threading.Lock()
_settings = ExitStack()
_num_running = 0


@contextmanager
def process_settings() -> Iterator[None]:
    """Silence Lightning and make cuDNN deterministic while at least one training runs, in any thread.

    The first training changes the settings and the last one restores them. If each did both, a training could restore
    the settings of another.
    """
    global _num_running
    with _LOCK:
        if not _num_running:
            _settings.enter_context(_changed_settings())
        _num_running += 1
    try:
        yield
    finally:
        with _LOCK:
            _num_running -= 1
            if not _num_running:
                _settings.close()


@contextmanager
def _changed_settings() -> Iterator[None]:
    logger = logging.getLogger("lightning.pytorch")
    level, is_deterministic = logger.level, torch.backends.cudnn.deterministic
    # Genera prints what users need to know.
    logger.setLevel(logging.ERROR)
    # The fastest backward kernels of cuDNN add in a different order every time.
    torch.backends.cudnn.deterministic = True
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        try:
            yield
        finally:
            logger.setLevel(level)
            torch.backends.cudnn.deterministic = is_deterministic
