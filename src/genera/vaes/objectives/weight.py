"""The weight β of the KL divergence, which may change over training."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genera.core import Constant, Progress, Schedule


class KlWeight(nn.Module):
    """``maximum`` times a schedule, kept in a buffer.

    Args:
        maximum: the largest weight.
        schedule: factor in [0, 1] as a function of progress; always 1 where None.

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
        """Take the value that the schedule has before a step."""
        self.value.fill_(self.maximum * self.schedule(progress))
