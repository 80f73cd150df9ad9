"""The weight β of the KL divergence, which may be scheduled."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genera.core import Constant, Progress, Schedule


class KlWeight(nn.Module):
    """``maximum`` times a schedule, kept in a buffer.

    Args:
        maximum: the largest weight.
        schedule: factor in [0, 1] as a function of progress; if None, always 1.

    Raises:
        ValueError: ``maximum`` is negative or not finite.
    """

    value: Tensor

    def __init__(self, maximum: float, schedule: Schedule | None = None) -> None:
        super().__init__()
        if not 0 <= maximum < math.inf:
            raise ValueError(f"beta must not be negative and must be finite, got {maximum}")
        self.maximum = maximum
        self.schedule = schedule or Constant()
        self.register_buffer("value", torch.tensor(float(maximum)))

    def advance(self, progress: Progress) -> None:
        """Update the value before a step.

        Raises:
            ValueError: the schedule leaves [0, 1].
        """
        factor = self.schedule(progress)
        if not 0 <= factor <= 1:
            raise ValueError(f"the schedule of beta must stay in [0, 1], got {factor:g} at epoch {progress.epoch:g}")
        self.value.fill_(self.maximum * factor)
