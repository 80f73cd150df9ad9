"""Dropout with an explicit random generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """In training, zeroes values at random and scales the others up, so that the mean is unchanged.

    On a CPU the results equal those of :class:`torch.nn.Dropout`, which takes no generator.

    Args:
        p: probability of a value to be zeroed.

    Raises:
        ValueError: ``p`` is not in [0, 1).

    Source:
        Srivastava et al. (2014).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"the dropout probability must be in [0, 1), got {p}")
        self.p = p

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """``(…) -> (…)``; noise comes from ``generator``, or torch's global generator if it is None."""
        if not self.training or not self.p:
            return x
        keep = 1 - self.p
        return x * torch.empty_like(x).bernoulli_(keep, generator=generator).div_(keep)
