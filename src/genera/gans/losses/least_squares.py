"""The loss of the LSGAN."""

from __future__ import annotations

from torch import Tensor

from genera.core import at_least_float32
from genera.gans.losses.base import AdversarialLoss


class LeastSquares(AdversarialLoss):
    """``½ (real - 1)² + ½ fake²`` for the discriminator, ``½ (fake - 1)²`` for the generator.

    A regression of the logits to 1 for real images and 0 for fakes: fakes on either side of the decision boundary get
    gradients towards it that grow with the distance.

    Source:
        Mao et al. (2017), equation 9.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return (at_least_float32(real) - 1).square() / 2 + at_least_float32(fake).square() / 2

    def generator(self, fake: Tensor) -> Tensor:
        return (at_least_float32(fake) - 1).square() / 2
