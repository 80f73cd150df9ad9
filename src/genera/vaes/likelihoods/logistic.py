"""Discretized logistic pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import at_least_float32, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood, scale_from
from genera.vaes.likelihoods.intervals import log_logistic_interval


class LogisticPixels(PixelLikelihood):
    """A logistic distribution for every pixel value; the decoder outputs means and scales.

    In its output all means come first, then all log-scales; zeros mean 0.5 and 0.25. ``mean`` is the mean of the
    distribution, clamped to [0, 1]. ``sample`` samples from the distribution and rounds to the nearest level.

    Args:
        spec: the images.

    Source:
        Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow", section 5.
    """

    @property
    def out_channels(self) -> int:
        return 2 * self.spec.channels

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        mean, scale = _mean_and_scale(params)
        lower, upper = self.bins(images, dtype=mean.dtype)
        return sum_over_dims(log_logistic_interval(lower, upper, mean, scale))

    def mean(self, params: Tensor) -> Tensor:
        mean, _ = _mean_and_scale(params)
        return mean.clamp(0, 1)

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        mean, scale = _mean_and_scale(params)
        noise = torch.empty_like(mean).uniform_(generator=generator).logit()
        return self.spec.to_pixels(mean + scale * noise)


def _mean_and_scale(params: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and scale on [0, 1], each ``(B, C, H, W)``."""
    mean, log_scale = at_least_float32(params).chunk(2, dim=1)
    return mean + 0.5, scale_from(log_scale)
