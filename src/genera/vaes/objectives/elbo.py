"""The evidence lower bound, and the β-VAE."""

from __future__ import annotations

from genera.core import Loss, Progress, Schedule
from genera.vaes.objectives.base import KlWeight, Objective, PosteriorSamples


class Elbo(Objective):
    """``-E log p(x | z) + β KL(q(z | x) ‖ p(z))``.

    Args:
        beta: β, the maximum if there is a schedule; 1 gives the bound on the log-probability, other values a β-VAE.
        schedule: factor on β as a function of progress; one that starts at 0 reduces posterior collapse.

    Raises:
        ValueError: ``beta`` is negative.

    Source:
        Kingma & Welling (2014); Higgins et al. (2017) for β.
    """

    def __init__(self, beta: float = 1.0, *, schedule: Schedule | None = None) -> None:
        super().__init__()
        self.beta = KlWeight(beta, schedule)

    def advance(self, progress: Progress) -> None:
        self.beta.advance(progress)

    def forward(self, samples: PosteriorSamples) -> Loss:
        terms = {"reconstruction": samples.reconstruction, "weighted_kl": self.beta.value * samples.kl}
        return Loss(terms["reconstruction"] + terms["weighted_kl"], terms, {"beta": self.beta.value.clone()})
