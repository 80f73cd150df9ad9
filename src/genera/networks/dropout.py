"""Dropout that can be told where its noise comes from."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """In training zeroes a random share of the values and scales the others up, so that the mean stays.

    Numbers on a processor are those of :class:`torch.nn.Dropout`, which takes no generator.

    Args:
        share: of the values zeroed.

    Raises:
        ValueError: ``share`` is not in [0, 1).

    Source:
        Srivastava et al. (2014).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"dropout zeroes a share of the values, in [0, 1), got {share}")
        self.share = share

    def forward(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """``(…) -> (…)``; noise comes from ``generator``, torch's global one where there is none."""
        if not self.training or not self.share:
            return x
        kept = 1 - self.share
        return x * torch.empty_like(x).bernoulli_(kept, generator=generator).div_(kept)
