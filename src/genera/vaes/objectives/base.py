"""The interface of training objectives of VAEs, and the weight of a term, which may be scheduled."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from genera.core import Constant, Loss, Progress, Schedule
from genera.vaes.posterior import DiagonalPosterior


@dataclass(frozen=True)
class PosteriorSamples:
    """K latents sampled from the posterior of each of B images, and their log-probabilities.

    Args:
        posterior: ``q(z | x)`` of the images.
        z: ``(K, B, D)`` samples of it.
        log_likelihood: ``log p(x | z)``, ``(K, B)`` nats.
        log_prior: ``log p(z)``, ``(K, B)`` nats.
        kl_per_dim: ``KL(q(z | x) ‖ p(z))``, ``(B, D)`` nats, if the prior has it in closed form.
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
        """``log p(x, z) - log q(z | x)``, ``(K, B)`` nats: its exponential is an unbiased estimate of p(x)."""
        return self.log_likelihood + self.log_prior - self.log_posterior

    @property
    def reconstruction(self) -> Tensor:
        """``-E log p(x | z)``, ``(B,)`` nats."""
        return -self.log_likelihood.mean(dim=0)

    @cached_property
    def kl(self) -> Tensor:
        """``KL(q(z | x) ‖ p(z))``, ``(B,)`` nats: in closed form, or the mean over samples."""
        if self.kl_per_dim is not None:
            return self.kl_per_dim.sum(dim=1)
        return (self.log_posterior - self.log_prior).mean(dim=0)


class Objective(nn.Module, ABC):
    """Computes a loss from samples of the posterior.

    Args:
        num_samples: K, samples per image.
    """

    #: Whether ``kl_per_dim`` is required.
    needs_closed_kl: bool = False

    def __init__(self, num_samples: int = 1) -> None:
        super().__init__()
        self.num_samples = num_samples

    def advance(self, progress: Progress) -> None:
        """Update scheduled values, which are 0-dim buffers, before a step."""

    @abstractmethod
    def forward(self, samples: PosteriorSamples) -> Loss:
        """``(B,)`` nats, or ``()`` in terms that are defined on a batch."""


class KlWeight(nn.Module):
    """``maximum`` times a schedule, kept in a buffer.

    Args:
        maximum: the largest weight.
        schedule: factor in [0, 1] as a function of progress; if None, always 1.

    Raises:
        ValueError: ``maximum`` is negative or not finite.
    """

    value: Tensor

    def __init__(self, maximum: float, schedule: Schedule | None = None) -> None:
        super().__init__()
        if not 0 <= maximum < math.inf:
            raise ValueError(f"beta must not be negative and must be finite, got {maximum}")
        self.maximum = maximum
        self.schedule = schedule or Constant()
        self.register_buffer("value", torch.tensor(float(maximum)))

    def advance(self, progress: Progress) -> None:
        """Update the value before a step.

        Raises:
            ValueError: the schedule leaves [0, 1].
        """
        factor = self.schedule(progress)
        if not 0 <= factor <= 1:
            raise ValueError(f"the schedule of beta must stay in [0, 1], got {factor:g} at epoch {progress.epoch:g}")
        self.value.fill_(self.maximum * factor)
