"""The posterior of the latent of an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genera.core import Distribution, gaussian_log_prob_per_dim

#: Smallest variance of a dimension's mean over images for it to count as active (Burda, Grosse & Salakhutdinov 2016).
ACTIVE_VARIANCE = 0.01


@dataclass(frozen=True)
class DiagonalPosterior:
    """``q(z | x) = N(mean, diag(exp(log_scale))²)`` for every image of a batch.

    Args:
        mean: ``(B, D)``.
        log_scale: ``(B, D)``.

    Source:
        Kingma & Welling (2014).
    """

    mean: Tensor
    log_scale: Tensor

    def sample(self, count: int, *, generator: torch.Generator | None = None) -> Tensor:
        """``(count, B, D)`` latents, differentiable with respect to the parameters."""
        shape = (count, *self.mean.shape)
        noise = torch.randn(shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.log_scale.exp() * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density of latents ``(…, B, D)``, each given its own image: ``(…, B, D)`` nats, not summed over D."""
        return gaussian_log_prob_per_dim(z, self.mean, self.log_scale)

    def pairwise_log_prob(self, z: Tensor) -> Tensor:
        """``log q(z_i | x_j)`` of latents ``(B, D)`` given every image: ``(B, B, D)`` nats, not summed over D."""
        return self.log_prob(z[:, None])

    def kl_to(self, prior: Distribution) -> Tensor | None:
        """``KL(q(z | x) ‖ p(z))`` per dimension, ``(B, D)`` nats, or None if it has no closed form."""
        return prior.kl_per_dim(self.mean, self.log_scale)

    def mutual_information(self, z: Tensor) -> Tensor:
        """Mutual information of latents ``(B, D)`` and the index of their image in the batch: ``()`` nats.

        It is at most log B, and zero if the posterior is the same for every image (posterior collapse).

        Source:
            Hoffman & Johnson (2016), with the batch as the data set.
        """
        pairs = self.pairwise_log_prob(z).sum(dim=-1)
        marginal = torch.logsumexp(pairs, dim=1) - math.log(len(z))
        return (pairs.diagonal() - marginal).mean()

    def is_active(self) -> Tensor:
        """Which dimensions depend on the image: the variance of their mean over the batch exceeds ``ACTIVE_VARIANCE``.

        Returns:
            Bool ``(D,)``.

        Source:
            Burda, Grosse & Salakhutdinov (2016), section 2.
        """
        return self.mean.var(dim=0, correction=0) > ACTIVE_VARIANCE

    def active_units(self) -> Tensor:
        """The number of active dimensions: ``()``."""
        return self.is_active().sum().to(self.mean.dtype)
