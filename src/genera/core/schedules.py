"""Schedules: functions of the progress of training.

Whatever changes over training — a learning rate, a weight of a loss — is a pure function of
:class:`~genera.core.contracts.Progress`, so it needs no state of its own, resumes exactly and
stretches to a time budget by itself.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from genera.core.contracts import Progress


class Schedule(ABC):
    """A number that depends on how far training has come."""

    @abstractmethod
    def __call__(self, progress: Progress) -> float:
        """The value before the step that ``progress`` describes."""


class Constant(Schedule):
    """Always ``value``."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def __call__(self, progress: Progress) -> float:
        return self.value


class ExponentialDecay(Schedule):
    """``rate ** epoch``, with whole epochs: the report's ×0.99 per epoch.

    Args:
        rate: factor per epoch, in (0, 1].

    Raises:
        ValueError: ``rate`` is out of range.
    """

    def __init__(self, rate: float = 0.99) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"rate must lie in (0, 1], got {rate}")
        self.rate = rate

    def __call__(self, progress: Progress) -> float:
        return self.rate ** math.floor(progress.epoch)


class Cosine(Schedule):
    """A linear warm-up from 0 to 1, then half a cosine from 1 to ``final``.

    Args:
        warmup: share of the training spent warming up, in [0, 1).
        final: the value at the end.

    Raises:
        ValueError: ``warmup`` is out of range.

    Source:
        Loshchilov & Hutter (2017), without restarts.
    """

    def __init__(self, warmup: float = 0.0, final: float = 0.0) -> None:
        if not 0 <= warmup < 1:
            raise ValueError(f"warmup is a share of the training and must lie in [0, 1), got {warmup}")
        self.warmup = warmup
        self.final = final

    def __call__(self, progress: Progress) -> float:
        if progress.fraction < self.warmup:
            # Never quite zero: a first step of length zero would be wasted.
            return min(max(progress.fraction, 1e-3) / self.warmup, 1.0)
        position = (progress.fraction - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * min(position, 1.0)))
