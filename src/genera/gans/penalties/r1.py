"""The R1 penalty."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import Fakes, sum_over_dims
from genera.gans.penalties.base import Network, Penalty, gradients_at


class R1(Penalty):
    """``weight / 2 · ‖∇D(x)‖²`` at real images, where the optimal discriminator at equilibrium has zero gradient.

    Args:
        weight: γ in the paper, 10 there.
        every: as in :class:`Penalty`; Karras et al. (2020) take 16.

    Source:
        Mescheder, Geiger & Nowozin (2018), equation 9.
    """

    def forward(
        self, network: Network, real: Tensor, fakes: Fakes, *, generator: torch.Generator | None = None
    ) -> Tensor:
        return self.weight / 2 * sum_over_dims(gradients_at(network, real).square())
