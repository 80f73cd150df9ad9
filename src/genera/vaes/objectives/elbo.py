"""The evidence lower bound, and the β-VAE."""

from __future__ import annotations

from genera.core import Loss, Progress, Schedule
from genera.vaes.objectives.base import Objective, PosteriorSamples
from genera.vaes.objectives.weight import KlWeight


class Elbo(Objective):
    """``-E log p(x | z) + β KL(q(z | x) ‖ p(z))``.

    Args:
        beta: β, or the most that ``schedule`` lets it be; 1 is the bound on the log-probability, and other values a
            β-VAE.
        schedule: factor on β as a function of progress; against posterior collapse it starts at 0.

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

    def forward(self, draws: PosteriorSamples) -> Loss:
        terms = {"reconstruction": draws.reconstruction, "weighted_kl": self.beta.value * draws.kl}
        return Loss(terms["reconstruction"] + terms["weighted_kl"], terms, {"beta": self.beta.value.clone()})
