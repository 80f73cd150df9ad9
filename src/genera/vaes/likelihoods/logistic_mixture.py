"""Pixels with a mixture of discretized logistics."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import ImageSpec, check_positive
from genera.vaes.likelihoods.base import PixelLikelihood
from genera.vaes.likelihoods.intervals import log_logistic_interval
from genera.vaes.likelihoods.mixture import Mixture


class LogisticMixturePixels(PixelLikelihood):
    """A mixture of K logistic distributions for every pixel value; the decoder outputs weights, means and scales.

    In PixelCNN++ the channels of a pixel share one mixture, and the means of green and blue depend on red. Here each
    channel has its own mixture, and channels are independent given the latent, like positions.

    ``mean`` is the weighted average of the components' means, each clamped to [0, 1]. ``sample`` samples a component,
    then from its distribution, and rounds to the nearest level.

    Args:
        spec: the images.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive.

    Source:
        Salimans, Karpathy, Chen & Kingma (2017), "PixelCNN++", section 2.1.
    """

    def __init__(self, spec: ImageSpec, *, num_components: int = 5) -> None:
        super().__init__(spec)
        check_positive(num_components=num_components)
        self.num_components = num_components

    @property
    def out_channels(self) -> int:
        return 3 * self.num_components * self.spec.channels

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        mixture = Mixture.from_params(params, num_components=self.num_components)
        lower, upper = self.bins(images.unsqueeze(1), dtype=mixture.means.dtype)
        return mixture.log_prob(log_logistic_interval(lower, upper, mixture.means, mixture.scales))

    def mean(self, params: Tensor) -> Tensor:
        return Mixture.from_params(params, num_components=self.num_components).mean()

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        mixture = Mixture.from_params(params, num_components=self.num_components)
        mean, scale = mixture.sample_component(generator=generator)
        noise = torch.empty_like(mean).uniform_(generator=generator).logit()
        return self.spec.to_pixels(mean + scale * noise)
