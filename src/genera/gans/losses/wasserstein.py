"""The loss of the Wasserstein GAN."""

from __future__ import annotations

from torch import Tensor

from genera.core import at_least_float32
from genera.gans.losses.base import AdversarialLoss


class Wasserstein(AdversarialLoss):
    """``fake - real`` for the discriminator, ``-fake`` for the generator.

    The negated mean of the discriminator's loss estimates the Wasserstein-1 distance if the discriminator is
    1-Lipschitz. This loss does not enforce that: use a gradient penalty or spectral normalization.

    Source:
        Arjovsky, Chintala & Bottou (2017), equation 2.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return at_least_float32(fake) - at_least_float32(real)

    def generator(self, fake: Tensor) -> Tensor:
        return -at_least_float32(fake)
