"""Gaussian pixels."""

from __future__ import annotations

from torch import Tensor

from genera.core import ImageSpec, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood, SharedScale
from genera.vaes.likelihoods.intervals import log_interval, normal_log_cdf


class GaussianPixels(PixelLikelihood):
    """A normal distribution around the sigmoid of the decoder's output, with one σ for all pixels.

    ``sample`` returns the mean, as independent noise per pixel would only degrade the image.

    Args:
        spec: the images.
        scale: σ on [0, 1]; if None, it is learned, initially 0.1.

    Raises:
        ValueError: ``scale`` is below 1e-4 or not finite.

    Source:
        Rybkin, Daniilidis & Levine (2021), "Simple and effective VAE training with calibrated decoders".
    """

    can_sample = False

    def __init__(self, spec: ImageSpec, *, scale: float | None = None) -> None:
        super().__init__(spec)
        self.scale = SharedScale(scale)

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        mean, scale = self.mean(params), self.scale()
        lower, upper = self.bins(images, dtype=mean.dtype)
        return sum_over_dims(log_interval(normal_log_cdf, (lower - mean) / scale, (upper - mean) / scale))
