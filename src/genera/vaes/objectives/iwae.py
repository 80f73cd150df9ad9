"""The importance-weighted bound."""

from __future__ import annotations

from genera.core import Loss, check_positive, log_mean_exp
from genera.vaes.objectives.base import Objective, PosteriorSamples


class Iwae(Objective):
    """``-log (1/K) Σ_k p(x, z_k) / q(z_k | x)``: a tighter bound on the log-probability, the more draws the tighter.

    With one draw it is the negative ELBO, with the divergence estimated from that draw.

    Args:
        num_samples: K.

    Raises:
        ValueError: ``num_samples`` is not positive.

    Source:
        Burda, Grosse & Salakhutdinov (2016).
    """

    def __init__(self, num_samples: int = 5) -> None:
        check_positive(num_samples=num_samples)
        super().__init__(num_samples)

    def forward(self, draws: PosteriorSamples) -> Loss:
        bound = -log_mean_exp(draws.log_weight)
        return Loss(bound, {"bound": bound})
