"""The β-TCVAE: the KL divergence decomposed into three terms, one of them weighted."""

from __future__ import annotations

import math

import torch

from genera.core import Loss, Progress, Schedule
from genera.vaes.objectives.base import KlWeight, Objective, PosteriorSamples


class BetaTcvae(Objective):
    """``-E log p(x | z) + mutual information + β total correlation + dimension-wise KL``.

    With ``q(z)`` the average posterior over the data, the KL divergence is the sum of ``log q(z | x) / q(z)``, the
    mutual information of latents and images; ``log q(z) / Π q(z_d)``, the total correlation of the latent dimensions;
    and ``log Π q(z_d) / p(z)``. Only the second is weighted, so that the dimensions become independent while the latent
    keeps its information about the image.

    ``q(z)`` is estimated from the batch: ``q(z) ≈ 1/(NB) Σ_j q(z | x_j)``, with N the size of the data set. The
    estimate needs batches of some hundred images; N only adds constants to the terms.

    Args:
        num_images: N, number of images of the training split.
        beta: weight of the total correlation.
        schedule: factor on ``beta`` as a function of progress.

    Raises:
        ValueError: ``num_images`` is not positive, or ``beta`` is negative.

    Source:
        Chen et al. (2018), section 4 and appendix C.1, minibatch-weighted sampling.
    """

    def __init__(self, num_images: int, *, beta: float = 6.0, schedule: Schedule | None = None) -> None:
        super().__init__()
        if num_images < 1:
            raise ValueError(f"num_images must be the size of the training split, got {num_images}")
        self.num_images = num_images
        self.beta = KlWeight(beta, schedule)

    def advance(self, progress: Progress) -> None:
        self.beta.advance(progress)

    def forward(self, samples: PosteriorSamples) -> Loss:
        z, log_prior, log_posterior = samples.z[0], samples.log_prior[0], samples.log_posterior[0]
        log_size = math.log(self.num_images * len(z))
        pairs = samples.posterior.pairwise_log_prob(z)
        log_marginal = torch.logsumexp(pairs.sum(dim=-1), dim=1) - log_size
        log_factors = (torch.logsumexp(pairs, dim=1) - log_size).sum(dim=-1)
        total_correlation = log_marginal - log_factors
        terms = {
            "reconstruction": samples.reconstruction,
            "index_code_mi": log_posterior - log_marginal,
            "weighted_total_correlation": self.beta.value * total_correlation,
            "dimension_wise_kl": log_factors - log_prior,
        }
        logs = {"beta": self.beta.value.clone(), "total_correlation": total_correlation.detach()}
        return Loss(torch.stack(list(terms.values())).sum(dim=0), terms, logs)
