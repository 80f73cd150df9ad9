"""The hinge loss."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from genera.core import at_least_float32
from genera.gans.losses.base import AdversarialLoss


class Hinge(AdversarialLoss):
    """``max(0, 1 - real) + max(0, 1 + fake)`` for the discriminator, ``-fake`` for the generator.

    Images that the discriminator classifies correctly with a margin of 1 have zero loss.

    Source:
        Lim & Ye (2017); Miyato, Kataoka, Koyama & Yoshida (2018), equations 16 and 17.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - at_least_float32(real)) + F.relu(1 + at_least_float32(fake))

    def generator(self, fake: Tensor) -> Tensor:
        return -at_least_float32(fake)
