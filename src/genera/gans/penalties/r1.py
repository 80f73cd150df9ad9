"""The R1 penalty."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import sum_over_dims
from genera.gans.penalties.base import Discriminator, Penalty, gradients_at


class R1(Penalty):
    """``weight / 2 · ‖∇D(x)‖²`` at real images, where the optimal discriminator at equilibrium has zero gradient.

    Args:
        weight: γ in the paper, 10 there.

    Source:
        Mescheder, Geiger & Nowozin (2018), equation 9.
    """

    def forward(
        self, discriminator: Discriminator, real: Tensor, fake: Tensor, *, generator: torch.Generator | None = None
    ) -> Tensor:
        return self.weight / 2 * sum_over_dims(gradients_at(discriminator, real).square())
