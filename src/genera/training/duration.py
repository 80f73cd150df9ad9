"""Duration and progress of a training."""

from __future__ import annotations

import re
from dataclasses import dataclass

from genera.core import Progress

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(duration: str) -> float:
    """Read a duration such as ``90s``, ``20m``, ``1h30m`` or ``2d``.

    Raises:
        ValueError: not a positive duration.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", duration)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != duration or seconds <= 0:
        raise ValueError(f"a duration is a positive time such as 90s, 20m or 1h30m, got {duration!r}")
    return seconds


@dataclass(frozen=True)
class Duration:
    """The duration of a training, in epochs or in time.

    Schedules span ``max_epochs``. With a ``budget`` they are scaled to that time, so a schedule over 300 epochs also
    runs completely in 20 minutes. ``max_steps`` stops a training early and does not change its schedules.

    Args:
        steps_per_epoch: optimiser steps in one pass over the training images.
        max_epochs: planned passes over the training images.
        max_steps: maximum number of optimiser steps.
        budget: maximum time in seconds.

    Raises:
        ValueError: a value is not positive.
    """

    steps_per_epoch: int
    max_epochs: int
    max_steps: int | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        for name in ("steps_per_epoch", "max_epochs", "max_steps", "budget"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")

    def progress(self, step: int, seconds: float, *, reserve: float = 0.0) -> Progress:
        """The progress after a number of steps and seconds.

        Args:
            step: optimiser steps taken.
            seconds: time spent on training.
            reserve: seconds of a budget to keep for the end, at most half of it; schedules end before.
        """
        if self.budget is None:
            epoch = step / self.steps_per_epoch
            fraction = epoch / self.max_epochs
        else:
            fraction = seconds / (self.budget - min(reserve, self.budget / 2))
            epoch = fraction * self.max_epochs
        return Progress(step=step, epoch=epoch, fraction=min(fraction, 1.0), num_epochs=self.max_epochs)

    def fraction_done(self, progress: Progress) -> float:
        """How much of the training is done, in [0, 1], by its schedules or by ``max_steps``."""
        return min(1.0, max(progress.fraction, progress.step / self.max_steps if self.max_steps else 0.0))

    def is_over(self, progress: Progress) -> bool:
        """Whether the training ends at this progress."""
        return self.fraction_done(progress) >= 1

    def __str__(self) -> str:
        limits = [f"{self.max_epochs} epochs" if self.budget is None else f"{self.budget:g} s"]
        if self.max_steps is not None:
            limits.append(f"{self.max_steps} steps")
        return " or ".join(limits)
