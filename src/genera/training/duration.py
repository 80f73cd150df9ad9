"""How long a training is, and how far it has come."""

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
    """The extent of a training, in the one unit that rules it.

    ``max_epochs`` is the plan every schedule is written for. A ``budget`` takes its place: the plan is then stretched
    or squeezed to the time given, so a schedule over 300 epochs runs its whole course in 20 minutes as well.
    ``max_steps`` cuts a training short in either case, wherever its schedules stand then.

    Args:
        steps_per_epoch: optimiser steps in one pass over the training images.
        max_epochs: passes over the training images that were planned.
        max_steps: optimiser steps after which to stop.
        budget: seconds of training after which to stop.

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
        """Where training stands after ``step`` steps and ``seconds`` of time.

        Args:
            step: optimiser steps taken.
            seconds: of training.
            reserve: seconds of a budget that are needed after the last step, at most half of it; schedules end
                before them.
        """
        if self.budget is None:
            epoch = step / self.steps_per_epoch
            fraction = epoch / self.max_epochs
        else:
            fraction = seconds / (self.budget - min(reserve, self.budget / 2))
            epoch = fraction * self.max_epochs
        return Progress(step=step, epoch=epoch, fraction=min(fraction, 1.0), num_epochs=self.max_epochs)

    def share_done(self, progress: Progress) -> float:
        """How much of the training is over, 0 … 1: schedules follow the plan, and ``max_steps`` may end it before."""
        of_steps = 0.0 if self.max_steps is None else progress.step / self.max_steps
        return min(1.0, max(progress.fraction, of_steps))

    def is_over(self, progress: Progress) -> bool:
        """Whether training ends here."""
        return self.share_done(progress) >= 1

    def __str__(self) -> str:
        limits = [f"{self.max_epochs} epochs" if self.budget is None else f"{self.budget:g} s"]
        if self.max_steps is not None:
            limits.append(f"{self.max_steps} steps")
        return " or ".join(limits)
