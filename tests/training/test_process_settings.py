from __future__ import annotations

import logging
import threading
import warnings

import torch

from genera.training.process_settings import process_settings

LIGHTNING = logging.getLogger("lightning.pytorch")


def settings() -> tuple[object, ...]:
    return LIGHTNING.level, list(warnings.filters), torch.backends.cudnn.deterministic


def test_of_overlapping_trainings_the_last_restores_the_settings() -> None:
    """Two threads, of which the first to enter is also the first to leave."""
    before, inside = settings(), []
    first_has_left = threading.Event()
    both_are_in = threading.Barrier(2)

    def first() -> None:
        with process_settings():
            both_are_in.wait()
        first_has_left.set()

    def last() -> None:
        with process_settings():
            both_are_in.wait()
            first_has_left.wait()
            inside.append(settings())

    threads = [threading.Thread(target=target) for target in (first, last)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settings() == before
    ((level, filters, deterministic),) = inside
    assert level == logging.ERROR
    assert deterministic is True
    assert filters != before[1]
