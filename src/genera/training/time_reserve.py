"""What a time budget must keep for the end."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Any

#: What a batch takes to validate, in steps of training: forward without backward.
_STEPS_PER_BATCH = 1 / 3


class TimeReserve:
    """Seconds at the end of a training in which no further step begins: the last validation's, and those of one step.

    Args:
        num_batches: batches in one validation.
    """

    def __init__(self, *, num_batches: int) -> None:
        self.num_batches = num_batches
        #: All of it; none as long as nothing has been measured.
        self.seconds = 0.0
        #: What a step takes, as a rule.
        self.step = 0.0
        self._steps: deque[float] = deque(maxlen=9)
        self._last_validation: float | None = None

    @property
    def validation(self) -> float:
        """What the last validation took; before there is one, what it should take, by the time of a step."""
        if self._last_validation is not None:
            return self._last_validation
        return self.num_batches * _STEPS_PER_BATCH * self.step

    def add_step(self, seconds: float) -> None:
        """Take in what a step took."""
        self._steps.append(seconds)
        self.step = statistics.median(self._steps)
        self.seconds = self.validation + self.step

    def add_validation(self, seconds: float) -> None:
        """Take in what a validation took, with all that is done along with it."""
        self._last_validation = seconds
        self.seconds = self.validation + self.step

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training starts from."""
        return {"seconds": self.seconds, "last_validation": self._last_validation}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Start from what an earlier sitting measured."""
        self.seconds, self._last_validation = state["seconds"], state["last_validation"]
