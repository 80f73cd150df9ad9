"""Pixels with a mixture of discretized logistics."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import ImageSpec
from genera.vaes.likelihoods.intervals import log_logistic_interval
from genera.vaes.likelihoods.mixture import MixturePixels


class LogisticMixturePixels(MixturePixels):
    """A mixture of K logistic distributions for every pixel value; the decoder outputs weights, means and scales.

    In PixelCNN++ the channels of a pixel share one mixture, and the means of green and blue depend on red. Here each
    channel has its own mixture, and channels are independent given the latent, like positions.

    Args:
        spec: the images.
        num_components: K.

    Source:
        Salimans, Karpathy, Chen & Kingma (2017), "PixelCNN++", section 2.1.
    """

    def __init__(self, spec: ImageSpec, *, num_components: int = 5) -> None:
        super().__init__(spec, num_components=num_components)

    def log_interval(self, lower: Tensor, upper: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        return log_logistic_interval(lower, upper, mean, scale)

    def noise(self, like: Tensor, *, generator: torch.Generator | None) -> Tensor:
        return torch.empty_like(like).uniform_(generator=generator).logit()
