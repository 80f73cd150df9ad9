"""The free-bits objective."""

from __future__ import annotations

import math

from genera.core import Loss
from genera.vaes.objectives.base import Objective, PosteriorSamples


class FreeBits(Objective):
    """``-E log p(x | z) + Σ_d max(λ, mean over the batch of KL_d)``: the first λ nats of every dimension are free.

    A dimension whose KL is below λ has no gradient towards the prior and so no incentive to collapse. The KL of each
    dimension must be known, so the prior must have it in closed form. The mean is over the batch of one process.

    Args:
        nats: λ, the free nats per dimension.

    Raises:
        ValueError: ``nats`` is negative or not finite.

    Source:
        Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow", appendix C.8.
    """

    needs_closed_kl = True

    def __init__(self, nats: float = 0.1) -> None:
        super().__init__()
        if not 0 <= nats < math.inf:
            raise ValueError(f"the free nats of a dimension must not be negative and must be finite, got {nats}")
        self.nats = nats

    def forward(self, samples: PosteriorSamples) -> Loss:
        assert samples.kl_per_dim is not None, "the model accepts no other prior"
        clamped = samples.kl_per_dim.mean(dim=0).clamp(min=self.nats).sum()
        terms = {"reconstruction": samples.reconstruction, "clamped_kl": clamped}
        return Loss(terms["reconstruction"] + clamped, terms)
