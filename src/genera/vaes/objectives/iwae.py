"""The importance-weighted bound."""

from __future__ import annotations

from genera.core import Loss, check_positive, log_mean_exp
from genera.vaes.objectives.base import Objective, PosteriorSamples


class Iwae(Objective):
    """``-log (1/K) Σ_k p(x, z_k) / q(z_k | x)``: a bound on the log-probability that is tighter with more samples.

    With one sample it is the negative ELBO, with the KL divergence estimated from that sample.

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

    def forward(self, samples: PosteriorSamples) -> Loss:
        bound = -log_mean_exp(samples.log_weight)
        return Loss(bound, {"bound": bound})
