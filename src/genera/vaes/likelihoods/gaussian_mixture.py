"""Gaussian mixture pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import ImageSpec, check_positive
from genera.vaes.likelihoods.base import PixelLikelihood
from genera.vaes.likelihoods.intervals import log_interval, normal_log_cdf
from genera.vaes.likelihoods.mixture import Mixture


class GaussianMixturePixels(PixelLikelihood):
    """A mixture of K normal distributions for every pixel value; the decoder outputs weights, means and scales.

    ``mean`` is the weighted average of the components' means, each clamped to [0, 1].

    Args:
        spec: the images.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive.

    Source:
        Bishop (1994), "Mixture density networks", here discretized to bins.
    """

    def __init__(self, spec: ImageSpec, *, num_components: int = 4) -> None:
        super().__init__(spec)
        check_positive(num_components=num_components)
        self.num_components = num_components

    @property
    def out_channels(self) -> int:
        return 3 * self.num_components * self.spec.channels

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        mixture = Mixture.from_params(params, num_components=self.num_components)
        lower, upper = self.bins(images.unsqueeze(1), dtype=mixture.means.dtype)
        rates = 1 / mixture.scales
        lower, upper = (lower - mixture.means) * rates, (upper - mixture.means) * rates
        return mixture.log_prob(log_interval(normal_log_cdf, lower, upper))

    def mean(self, params: Tensor) -> Tensor:
        return Mixture.from_params(params, num_components=self.num_components).mean()

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        mixture = Mixture.from_params(params, num_components=self.num_components)
        mean, scale = mixture.sample_component(generator=generator)
        noise = torch.empty_like(mean).normal_(generator=generator)
        return self.spec.to_pixels(mean + scale * noise)
