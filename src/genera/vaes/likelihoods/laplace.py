"""Laplace pixels."""

from __future__ import annotations

from torch import Tensor

from genera.core import ImageSpec, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood, SharedScale
from genera.vaes.likelihoods.intervals import laplace_log_cdf, log_interval


class LaplacePixels(PixelLikelihood):
    """A Laplace distribution around the sigmoid of the decoder's output, with one diversity for all pixels.

    Its loss is the absolute error, not the squared error of a Gaussian: large errors have less weight. ``sample``
    returns the mean, as independent noise per pixel would only degrade the image.

    Args:
        spec: the images.
        scale: the diversity b on [0, 1], 1/√2 of the standard deviation; if None, it is learned, initially 0.1.

    Raises:
        ValueError: ``scale`` is below 1e-4 or not finite.

    Source:
        Rybkin, Daniilidis & Levine (2021) for the learned scale, in their case of a Gaussian.
    """

    can_sample = False

    def __init__(self, spec: ImageSpec, *, scale: float | None = None) -> None:
        super().__init__(spec)
        self.scale = SharedScale(scale)

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        mean, scale = self.mean(params), self.scale()
        lower, upper = self.bins(images, dtype=mean.dtype)
        return sum_over_dims(log_interval(laplace_log_cdf, (lower - mean) / scale, (upper - mean) / scale))
