"""What the mixtures of pixel densities share."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from genera.core import at_least_float32, sum_over_dims
from genera.vaes.likelihoods.scales import scale_from


class Mixture(NamedTuple):
    """K components for every pixel value; each field is ``(B, K, C, H, W)``."""

    logits: Tensor
    means: Tensor
    scales: Tensor

    @classmethod
    def of(cls, params: Tensor, *, num_components: int) -> Mixture:
        """``(B, 3 · K · C, H, W)``: all logits, then all means, then all log-scales, each component by component.

        Parameters of zero are equal weights, means spread evenly over [0, 1] - equal components would get equal
        gradients and never part - and scales of a quarter.
        """
        logits, means, log_scales = at_least_float32(params).unflatten(1, (3, num_components, -1)).unbind(1)
        middles = (torch.arange(num_components, dtype=means.dtype, device=means.device) + 0.5) / num_components
        return cls(logits, means + middles[:, None, None, None], scale_from(log_scales))

    def log_prob(self, log_probs: Tensor) -> Tensor:
        """``(B,)`` from what the pixels are worth to every component, ``(B, K, C, H, W)`` nats."""
        return sum_over_dims((self.logits + log_probs).logsumexp(dim=1) - self.logits.logsumexp(dim=1))

    def mean(self) -> Tensor:
        """The means on average, each moved into [0, 1]: ``(B, C, H, W)``."""
        # Weights may sum to a little more than one.
        return (self.logits.softmax(dim=1) * self.means.clamp(0, 1)).sum(dim=1).clamp(max=1)

    def draw(self, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Mean and scale of a component drawn for every pixel value: two of ``(B, C, H, W)``."""
        # The largest of logits with Gumbel noise is a draw.
        noise = torch.empty_like(self.logits).exponential_(generator=generator).log()
        component = (self.logits - noise).argmax(dim=1, keepdim=True)
        return self.means.gather(1, component).squeeze(1), self.scales.gather(1, component).squeeze(1)
