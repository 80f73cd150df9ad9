"""The part of a time budget that is reserved for the end of a training."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Any

#: Estimated time to validate a batch, in training steps: a forward pass without a backward pass.
_STEPS_PER_BATCH = 1 / 3


class TimeReserve:
    """Time at the end of a training in which no step starts: that of the last validation and of one step.

    Args:
        num_batches: batches in one validation.
    """

    def __init__(self, *, num_batches: int) -> None:
        self.num_batches = num_batches
        #: The reserve in seconds; 0 before the first measurement.
        self.seconds = 0.0
        #: Median duration of the last steps, in seconds.
        self.step = 0.0
        self._steps: deque[float] = deque(maxlen=9)
        self._last_validation: float | None = None

    @property
    def validation(self) -> float:
        """Duration of the last validation; before the first one, an estimate from the duration of a step."""
        if self._last_validation is not None:
            return self._last_validation
        return self.num_batches * _STEPS_PER_BATCH * self.step

    def add_step(self, seconds: float) -> None:
        """Add the duration of a step."""
        self._steps.append(seconds)
        self.step = statistics.median(self._steps)
        self.seconds = self.validation + self.step

    def add_validation(self, seconds: float) -> None:
        """Add the duration of a validation, including samples and probes."""
        self._last_validation = seconds
        self.seconds = self.validation + self.step

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "last_validation": self._last_validation}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seconds, self._last_validation = state["seconds"], state["last_validation"]
