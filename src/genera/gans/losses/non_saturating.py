"""The non-saturating GAN loss."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from genera.core import at_least_float32
from genera.gans.losses.base import AdversarialLoss


class NonSaturating(AdversarialLoss):
    """``-log D(x) - log(1 - D(G(z)))`` for the discriminator, ``-log D(G(z))`` for the generator.

    D is the sigmoid of the logit, so these are binary cross-entropies, in nats. The generator maximizes the probability
    of its images being real, so its gradient is largest for the fakes that the discriminator rejects.

    Source:
        Goodfellow et al. (2014), section 3; the report.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-at_least_float32(real)) + F.softplus(at_least_float32(fake))

    def generator(self, fake: Tensor) -> Tensor:
        return F.softplus(-at_least_float32(fake))

    def prediction(self, logits: Tensor) -> Tensor:
        """The probability of being real."""
        return at_least_float32(logits).sigmoid()
