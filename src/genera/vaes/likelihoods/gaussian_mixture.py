"""Gaussian mixture pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import ImageSpec
from genera.vaes.likelihoods.intervals import log_interval, normal_log_cdf
from genera.vaes.likelihoods.mixture import MixturePixels


class GaussianMixturePixels(MixturePixels):
    """A mixture of K normal distributions for every pixel value; the decoder outputs weights, means and scales.

    Args:
        spec: the images.
        num_components: K.

    Source:
        Bishop (1994), "Mixture density networks", here discretized to bins.
    """

    def __init__(self, spec: ImageSpec, *, num_components: int = 4) -> None:
        super().__init__(spec, num_components=num_components)

    def log_interval(self, lower: Tensor, upper: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        rate = 1 / scale
        return log_interval(normal_log_cdf, (lower - mean) * rate, (upper - mean) * rate)

    def noise(self, like: Tensor, *, generator: torch.Generator | None) -> Tensor:
        return torch.empty_like(like).normal_(generator=generator)
