"""Binary pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import ImageSpec, at_least_float32, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood


class BernoulliPixels(PixelLikelihood):
    """A Bernoulli distribution for every pixel value of binary images; the decoder outputs the logits.

    Args:
        spec: the images, of 2 levels.

    Raises:
        ValueError: the images have more than 2 levels.

    Source:
        Kingma & Welling (2014), appendix C.1.
    """

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__(spec)
        if spec.levels != 2:
            raise ValueError(
                f"a Bernoulli likelihood is for images of 2 levels, got {spec.levels}: "
                "use CrossEntropyPixels for grey pixels, or another likelihood"
            )

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        logits = at_least_float32(params)
        return -sum_over_dims(F.binary_cross_entropy_with_logits(logits, images.to(logits.dtype), reduction="none"))

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.bernoulli(self.mean(params), generator=generator).to(torch.uint8)
