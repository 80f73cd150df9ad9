"""Binary cross-entropy on grey pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from genera.core import at_least_float32, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood


class CrossEntropyPixels(PixelLikelihood):
    """The negated binary cross-entropy of pixels on [0, 1] under the sigmoid of the decoder's output.

    A widely used loss that is not a log-probability: over the levels it does not sum to one. It has no bits per
    dimension and cannot be compared with likelihoods. For images of 2 levels use :class:`BernoulliPixels`, which has
    the same formula. ``sample`` returns the mean.

    Args:
        spec: the images.

    Source:
        Loaiza-Ganem & Cunningham (2019), "The continuous Bernoulli", on the missing normalization.
    """

    has_density = False
    can_sample = False

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        """The negated cross-entropy, ``(B,)``; not a log-probability."""
        logits = at_least_float32(params)
        x = self.spec.to_unit_range(images, logits.dtype)
        return -sum_over_dims(F.binary_cross_entropy_with_logits(logits, x, reduction="none"))
