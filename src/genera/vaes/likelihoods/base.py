"""What the decoder's output says of the pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genera.core import ImageSpec

#: Where the bins of the lowest and the highest level end: further out than any density on [0, 1] reaches, and near
#: enough that its square, in units of the narrowest scale, is a float32. Infinity would make gradients of ∞ · 0.
_FAR = 1e9


class PixelLikelihood(nn.Module, ABC):
    """``p(x | z)``, with pixels independent of each other given the latent.

    The decoder gives ``out_channels`` numbers for every place of the image; what they mean is the likelihood's matter.
    Level ``k`` of ``levels`` lies at ``k / (levels - 1)`` in [0, 1]. A continuous likelihood gives it the mass between
    half a level below and half a level above; the lowest level takes all that is below as well, and the highest all
    that is above, so that the probabilities of the levels sum to one.

    Args:
        spec: the images.
    """

    #: Whether ``log_prob`` is the log-probability of integer pixels, so that bits per dimension mean something.
    has_density: bool = True
    #: Whether ``sample`` draws every pixel; it gives the mean otherwise.
    can_sample: bool = True

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.spec = spec

    @property
    @abstractmethod
    def out_channels(self) -> int:
        """Channels the decoder must give."""

    @abstractmethod
    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        """Of uint8 images ``(B, C, H, W)``, given ``(B, out_channels, H, W)``: ``(B,)`` nats, in float32 at least."""

    @abstractmethod
    def mean(self, params: Tensor) -> Tensor:
        """The stated mean of every pixel, ``(B, C, H, W)`` in [0, 1].

        Of continuous likelihoods it is that of the density, before what lies outside of [0, 1] goes to the end levels:
        near the ends the mean of the levels themselves is a little further in.
        """

    @abstractmethod
    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """uint8 ``(B, C, H, W)``: a draw of every pixel, or the mean where its noise would only be in the way."""

    def bins(self, images: Tensor, *, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The lower and upper ends of what rounds to the pixels, on [0, 1]: two of the shape of ``images``."""
        top = self.spec.levels - 1
        k = images.to(dtype)
        lower = ((k - 0.5) / top).masked_fill(images == 0, -_FAR)
        upper = ((k + 0.5) / top).masked_fill(images == top, _FAR)
        return lower, upper
