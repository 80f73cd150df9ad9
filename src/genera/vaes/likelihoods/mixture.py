"""Mixtures of pixel densities."""

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
    def from_params(cls, params: Tensor, *, num_components: int) -> Mixture:
        """From ``(B, 3 · K · C, H, W)``: all logits, then all means, then all log-scales, each component by component.

        Parameters of zero give equal weights, scales of 0.25 and means spread evenly over [0, 1]; equal components
        would get equal gradients and stay equal.
        """
        logits, means, log_scales = at_least_float32(params).unflatten(1, (3, num_components, -1)).unbind(1)
        centers = (torch.arange(num_components, dtype=means.dtype, device=means.device) + 0.5) / num_components
        return cls(logits, means + centers[:, None, None, None], scale_from(log_scales))

    def log_prob(self, log_probs: Tensor) -> Tensor:
        """``(B,)`` from the log-probabilities of the pixels under every component, ``(B, K, C, H, W)`` nats."""
        return sum_over_dims((self.logits + log_probs).logsumexp(dim=1) - self.logits.logsumexp(dim=1))

    def mean(self) -> Tensor:
        """The weighted average of the means, each clamped to [0, 1]: ``(B, C, H, W)``."""
        # By rounding, weights may sum to slightly more than 1.
        return (self.logits.softmax(dim=1) * self.means.clamp(0, 1)).sum(dim=1).clamp(max=1)

    def sample_component(self, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Sample a component for every pixel value; return its mean and scale, each ``(B, C, H, W)``."""
        # The Gumbel-max trick: the argmax of logits with Gumbel noise is a sample.
        noise = torch.empty_like(self.logits).exponential_(generator=generator).log()
        component = (self.logits - noise).argmax(dim=1, keepdim=True)
        return self.means.gather(1, component).squeeze(1), self.scales.gather(1, component).squeeze(1)
