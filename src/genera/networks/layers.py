"""Layers that networks share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ChannelLayerNorm(nn.Module):
    """Layer normalization over the channels of every pixel.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same."""
        # In channels-last memory the permutations are views, and torch's fused kernel does the rest.
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, (x.shape[-1],), self.weight, self.bias)
        return x.permute(0, 3, 1, 2)


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
