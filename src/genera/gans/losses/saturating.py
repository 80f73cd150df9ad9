"""The minimax (saturating) GAN loss."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from genera.core import at_least_float32
from genera.gans.losses.base import AdversarialLoss


class Saturating(AdversarialLoss):
    """``-log D(x) - log(1 - D(G(z)))`` for the discriminator, ``log(1 - D(G(z)))`` for the generator.

    A zero-sum game, in nats. The generator's gradient vanishes if the discriminator confidently rejects its fakes, as
    it does early in training. For comparison with other losses, not recommended for training.

    Source:
        Goodfellow et al. (2014), equation 1.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-at_least_float32(real)) + F.softplus(at_least_float32(fake))

    def generator(self, fake: Tensor) -> Tensor:
        return -F.softplus(at_least_float32(fake))

    def prediction(self, logits: Tensor) -> Tensor:
        """The probability of being real."""
        return at_least_float32(logits).sigmoid()
