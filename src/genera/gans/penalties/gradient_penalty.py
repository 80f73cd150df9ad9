"""The penalty of WGAN-GP."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import Fakes, at_least_float32
from genera.gans.penalties.base import Network, Penalty, gradients_at


class GradientPenalty(Penalty):
    """``weight · (‖∇D(x̂)‖ - 1)²`` at random points x̂ between images and fakes.

    Each point is uniform on the line from an image to the fake of the same index. The norm is over all dimensions of
    one image.

    Args:
        weight: λ in the paper, 10 there.
        every: as in :class:`Penalty`.

    Source:
        Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville (2017), section 4.
    """

    def forward(
        self, network: Network, real: Tensor, fakes: Fakes, *, generator: torch.Generator | None = None
    ) -> Tensor:
        real, fake = at_least_float32(real), at_least_float32(fakes.images)
        weight = torch.rand(len(real), 1, 1, 1, generator=generator, dtype=real.dtype, device=real.device)
        gradients = gradients_at(network, torch.lerp(real, fake, weight))
        # If a gradient is zero, torch defines the gradient of its norm as zero, not 0 / 0.
        return self.weight * (torch.linalg.vector_norm(gradients, dim=1) - 1).square()
