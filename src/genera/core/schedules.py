"""Schedules: functions of the progress of training.

A value that changes during training, such as a learning rate or a loss weight, is a pure function of
:class:`Progress`. It therefore has no state, resumes exactly and adapts to a time budget.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from genera.core.checks import check_positive


@dataclass(frozen=True)
class Progress:
    """The progress of training before a step.

    Args:
        step: optimiser steps taken.
        epoch: planned epochs completed. Under a time budget the plan is stretched or compressed to fit it.
        fraction: completed fraction of the training, 0 … 1.
        num_epochs: epochs of the whole plan.
    """

    step: int
    epoch: float
    fraction: float
    num_epochs: float = math.inf


class Schedule(ABC):
    """A number that depends on the progress of training."""

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
    """``rate ** floor(epoch)``: the report's factor 0.99 per epoch.

    Args:
        rate: factor per epoch, in (0, 1].

    Raises:
        ValueError: ``rate`` is out of range.
    """

    def __init__(self, rate: float = 0.99) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"rate must be in (0, 1], got {rate}")
        self.rate = rate

    def __call__(self, progress: Progress) -> float:
        return self.rate ** math.floor(progress.epoch)


class Cosine(Schedule):
    """Linear warm-up from 0 to 1, then cosine decay from 1 to ``final``.

    Args:
        warmup: fraction of the training spent warming up, in [0, 1).
        final: the value at the end.

    Raises:
        ValueError: ``warmup`` is out of range.

    Source:
        Loshchilov & Hutter (2017), without restarts.
    """

    def __init__(self, warmup: float = 0.0, final: float = 0.0) -> None:
        if not 0 <= warmup < 1:
            raise ValueError(f"warmup is a fraction of the training and must be in [0, 1), got {warmup}")
        self.warmup = warmup
        self.final = final

    def __call__(self, progress: Progress) -> float:
        if progress.fraction < self.warmup:
            # Not exactly zero, which would waste the first step.
            return min(max(progress.fraction, 1e-3) / self.warmup, 1.0)
        position = (progress.fraction - self.warmup) / (1 - self.warmup)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * min(position, 1.0)))


class Warmup(Schedule):
    """Rises linearly from 0 to 1 over the first epochs, then stays at 1.

    Args:
        epochs: planned epochs until the value is 1; the report's 10.

    Raises:
        ValueError: ``epochs`` is not positive; when called: the training has fewer epochs.

    Source:
        Bowman et al. (2016) and Sønderby et al. (2016), for the weight of the KL divergence.
    """

    def __init__(self, epochs: float = 10) -> None:
        if not epochs > 0:
            raise ValueError(f"a warm-up takes a positive number of epochs, got {epochs}")
        self.epochs = epochs

    def __call__(self, progress: Progress) -> float:
        _check_fits(f"a warm-up of {self.epochs:g} epochs", self.epochs, progress)
        return min(1.0, progress.epoch / self.epochs)


class FallingCycles(Schedule):
    """The report's cyclical schedule: a warm-up, then cycles that each decay from 1 to 0 along half a cosine.

    ``½ + ½ cos(πp)`` with ``p = ((epoch - warmup) mod period) / period``. The value is 1 in the last part of training:
    a model that stopped at the end of a cycle would not have been trained with the weight it is evaluated with.

    Args:
        warmup: planned epochs over which the value rises linearly from 0 to 1.
        period: epochs of a cycle.
        rest: fraction of the training, at its end, during which the value is 1.

    Raises:
        ValueError: a value is out of range; when called: warm-up, one cycle and rest do not fit into the training.

    Source:
        The report.
    """

    def __init__(self, warmup: float = 10, period: float = 100, *, rest: float = 0.1) -> None:
        if not (warmup > 0 and period > 0):
            raise ValueError(f"warmup and period must be positive numbers of epochs, got {warmup} and {period}")
        if not 0 <= rest < 1:
            raise ValueError(f"rest is a fraction of the training and must be in [0, 1), got {rest}")
        self.warmup = warmup
        self.period = period
        self.rest = rest

    def __call__(self, progress: Progress) -> float:
        needed = (self.warmup + self.period) / (1 - self.rest)
        name = f"a warm-up of {self.warmup:g} and a cycle of {self.period:g} epochs before a rest of {self.rest:.0%}"
        _check_fits(name, needed, progress)
        if progress.fraction >= 1 - self.rest:
            return 1.0
        if progress.epoch < self.warmup:
            return progress.epoch / self.warmup
        return 0.5 + 0.5 * math.cos(math.pi * ((progress.epoch - self.warmup) % self.period) / self.period)


class RisingCycles(Schedule):
    """Equal cycles over the training; in each the value rises linearly from 0 to 1, then stays at 1.

    Args:
        num_cycles: number of cycles.
        rise: fraction of a cycle during which the value rises, in (0, 1].

    Raises:
        ValueError: a value is out of range.

    Source:
        Fu et al. (2019); the defaults are theirs: four cycles, rising in the first half of each.
    """

    def __init__(self, num_cycles: int = 4, *, rise: float = 0.5) -> None:
        check_positive(num_cycles=num_cycles)
        if not 0 < rise <= 1:
            raise ValueError(f"rise is a fraction of a cycle and must be in (0, 1], got {rise}")
        self.num_cycles = num_cycles
        self.rise = rise

    def __call__(self, progress: Progress) -> float:
        cycles = progress.fraction * self.num_cycles
        # The end of training belongs to the last cycle, not to a next one.
        position = cycles - min(math.floor(cycles), self.num_cycles - 1)
        return min(1.0, position / self.rise)


def _check_fits(name: str, epochs: float, progress: Progress) -> None:
    """Raise if the training is shorter than ``epochs``."""
    if epochs > progress.num_epochs:
        raise ValueError(
            f"{name} does not fit into a training of {progress.num_epochs:g} epochs: shorten it, or raise --max_epochs"
        )
