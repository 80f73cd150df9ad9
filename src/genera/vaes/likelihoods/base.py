"""The interface of pixel likelihoods, and their scales on [0, 1]."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genera.core import ImageSpec, at_least_float32

#: Smallest scale: the bin of one of 256 levels is 39 times as wide and can contain all mass of a density.
MIN_SCALE = 1e-4
#: Largest fixed scale: above it the end bins, which are finite, would not contain the rest of the mass.
MAX_SCALE = 1e4
#: Outer end of the bins of the lowest and the highest level: far outside any density on [0, 1], but its square in units
#: of the smallest scale is representable in float32. Infinity would give NaN gradients (∞ · 0).
_FAR = 1e9


class PixelLikelihood(nn.Module, ABC):
    """``p(x | z)``, with pixels independent given the latent.

    The decoder outputs ``out_channels`` parameters per position, which the likelihood interprets. Level ``k`` of
    ``levels`` is at ``k / (levels - 1)`` in [0, 1]. A continuous likelihood assigns to it the mass of the bin from half
    a level below to half a level above; the bins of the lowest and highest level extend to ∓∞, so that the
    probabilities of the levels sum to one.

    Args:
        spec: the images.
    """

    #: Whether ``log_prob`` is the log-probability of integer pixels, so that bits per dimension are defined.
    has_density: bool = True
    #: Whether ``sample`` samples every pixel; otherwise it returns the mean.
    can_sample: bool = True

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.spec = spec

    @property
    def out_channels(self) -> int:
        """Number of output channels that the decoder must have: C, unless a likelihood has several parameters."""
        return self.spec.channels

    @abstractmethod
    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        """``log p(x | z)`` of uint8 ``(B, C, H, W)`` given ``(B, out_channels, H, W)``: ``(B,)``, at least float32."""

    def mean(self, params: Tensor) -> Tensor:
        """The mean of every pixel, ``(B, C, H, W)`` in [0, 1]: the sigmoid of the parameters, unless overridden.

        For continuous likelihoods it is the mean of the density, before the mass outside [0, 1] is assigned to the end
        levels; near the ends the mean of the levels is slightly different.
        """
        return torch.sigmoid(at_least_float32(params))

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """uint8 ``(B, C, H, W)``: a sample of every pixel, or the mean, as here, if ``can_sample`` is False."""
        return self.spec.to_pixels(self.mean(params))

    def bins(self, images: Tensor, *, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The lower and upper ends of the pixels' bins on [0, 1]: two tensors of the shape of ``images``."""
        top = self.spec.levels - 1
        k = images.to(dtype)
        lower = ((k - 0.5) / top).masked_fill(images == 0, -_FAR)
        upper = ((k + 0.5) / top).masked_fill(images == top, _FAR)
        return lower, upper


class SharedScale(nn.Module):
    """One scale for all pixels, fixed or learned.

    Args:
        value: the fixed scale; if None, the scale is learned, initially 0.1 and always above ``MIN_SCALE``.

    Raises:
        ValueError: ``value`` is outside ``MIN_SCALE`` … ``MAX_SCALE``.

    Source:
        Rybkin, Daniilidis & Levine (2021) for the learned scale.
    """

    def __init__(self, value: float | None) -> None:
        super().__init__()
        if value is not None and not MIN_SCALE <= value <= MAX_SCALE:
            raise ValueError(f"scale must be between {MIN_SCALE:g} and {MAX_SCALE:g}, got {value}")
        self.value = value
        if value is None:
            self.log_excess = nn.Parameter(torch.tensor(math.log(0.1 - MIN_SCALE)))

    def forward(self) -> float | Tensor:
        """The scale; a tensor ``()`` if it is learned."""
        return MIN_SCALE + self.log_excess.exp() if self.value is None else self.value


def scale_from(params: Tensor) -> Tensor:
    """Map network outputs to scales between ``MIN_SCALE`` and 1; zeros give 0.25, a suitable initial value.

    Well below zero it is an exponential, so the parameters are log-scales with soft bounds. (PixelCNN++ clamps them at
    e^-7 on [-1, 1].)
    """
    return MIN_SCALE + (1 - MIN_SCALE) * torch.sigmoid(params - math.log(3))
