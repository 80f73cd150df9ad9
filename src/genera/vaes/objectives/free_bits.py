"""Free bits."""

from __future__ import annotations

import math

from genera.core import Loss
from genera.vaes.objectives.base import Objective, PosteriorSamples


class FreeBits(Objective):
    """``-E log p(x | z) + Σ_d max(λ, mean over the batch of KL_d)``: the first λ nats of every dimension cost nothing.

    A dimension below λ feels no pull towards the prior, so none has a reason to collapse. Which part of the divergence
    belongs to which dimension must be known, so this takes a standard normal prior. The batch is that of one process.

    Args:
        nats: λ, free in every dimension.

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

    def forward(self, draws: PosteriorSamples) -> Loss:
        assert draws.kl_per_dim is not None, "the model lets no other prior pass"
        charged = draws.kl_per_dim.mean(dim=0).clamp(min=self.nats).sum()
        terms = {"reconstruction": draws.reconstruction, "charged_kl": charged}
        return Loss(terms["reconstruction"] + charged, terms)
