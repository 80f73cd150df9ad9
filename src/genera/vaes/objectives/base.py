"""What the training of a VAE minimises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from genera.core import Loss, Progress
from genera.vaes.posterior import DiagonalPosterior


@dataclass(frozen=True)
class PosteriorSamples:
    """K latents for each of B images, and what is known of them.

    Args:
        posterior: ``q(z | x)`` of the images.
        z: ``(K, B, D)`` drawn from it.
        log_likelihood: ``log p(x | z)``, ``(K, B)`` nats.
        log_prior: ``log p(z)``, ``(K, B)`` nats.
        kl_per_dim: ``KL(q(z | x) ‖ p(z))``, ``(B, D)`` nats, where the prior lets it be known in closed form.
    """

    posterior: DiagonalPosterior
    z: Tensor
    log_likelihood: Tensor
    log_prior: Tensor
    kl_per_dim: Tensor | None

    @cached_property
    def log_posterior(self) -> Tensor:
        """``log q(z | x)``, ``(K, B)`` nats."""
        return self.posterior.log_prob(self.z).sum(dim=-1)

    @property
    def log_weight(self) -> Tensor:
        """``log p(x, z) - log q(z | x)``, ``(K, B)`` nats: the exponential is an unbiased estimate of p(x)."""
        return self.log_likelihood + self.log_prior - self.log_posterior

    @property
    def reconstruction(self) -> Tensor:
        """``-E log p(x | z)``, ``(B,)`` nats."""
        return -self.log_likelihood.mean(dim=0)

    @cached_property
    def kl(self) -> Tensor:
        """``KL(q(z | x) ‖ p(z))``, ``(B,)`` nats: in closed form, or the mean over the draws."""
        if self.kl_per_dim is not None:
            return self.kl_per_dim.sum(dim=1)
        return (self.log_posterior - self.log_prior).mean(dim=0)


class Objective(nn.Module, ABC):
    """Turns draws of the posterior into a loss.

    Args:
        num_samples: K, draws for each image.
    """

    #: Whether the divergence of every dimension must be known, as it is for a standard normal prior only.
    needs_closed_kl: bool = False

    def __init__(self, num_samples: int = 1) -> None:
        super().__init__()
        self.num_samples = num_samples

    def advance(self, progress: Progress) -> None:
        """Follow a schedule before a step; what it sets are 0-dim buffers."""

    @abstractmethod
    def forward(self, draws: PosteriorSamples) -> Loss:
        """``(B,)`` nats, or ``()`` in terms that are defined on a batch."""
