from __future__ import annotations

import math

import torch
from cases import normal
from torch.distributions import Independent, Normal, kl_divergence

from genera.core import StandardNormal
from genera.vaes import DiagonalPosterior


def posterior(count: int = 4, num_dims: int = 3) -> DiagonalPosterior:
    return DiagonalPosterior(normal(count, num_dims), 0.5 * normal(count, num_dims, seed=2) - 0.5)


def as_torch_distribution(q: DiagonalPosterior) -> Independent:
    return Independent(Normal(q.mean, q.log_scale.exp()), 1)


def test_samples_follow_the_generator_and_are_differentiable() -> None:
    q = posterior()
    q.mean.requires_grad_()
    q.log_scale.requires_grad_()
    first, again, other = (q.sample(5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == (5, 4, 3)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    first.square().sum().backward()
    assert q.mean.grad is not None
    assert q.log_scale.grad is not None
    assert q.log_scale.grad.any()


def test_log_prob_agrees_with_torch() -> None:
    q = posterior()
    z = q.sample(5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(q.log_prob(z).sum(dim=-1), as_torch_distribution(q).log_prob(z))


def test_the_moments_of_the_samples() -> None:
    q = posterior()
    z = q.sample(20_000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(z.mean(dim=0), q.mean, rtol=0, atol=0.05)
    torch.testing.assert_close(z.std(dim=0), q.log_scale.exp(), rtol=0.05, atol=0)


def test_pairwise_log_prob_of_each_latent_given_each_image() -> None:
    q, z = posterior(), normal(4, 3, seed=3)
    pairs = q.pairwise_log_prob(z).sum(dim=-1)
    for i in range(4):
        torch.testing.assert_close(pairs[i], as_torch_distribution(q).log_prob(z[i]))


def test_the_closed_form_divergence_agrees_with_torch_and_monte_carlo() -> None:
    q = posterior()
    prior = Normal(torch.zeros(4, 3).double(), torch.ones(4, 3).double())
    closed = q.kl_to(StandardNormal((3,)))
    torch.testing.assert_close(closed, kl_divergence(Normal(q.mean, q.log_scale.exp()), prior))
    z = q.sample(50_000, generator=torch.Generator().manual_seed(0))
    ratio = q.log_prob(z) - prior.log_prob(z)
    assert ((ratio.mean(dim=0) - closed).abs() < 4 * ratio.std(dim=0) / len(z) ** 0.5).all()


def test_mutual_information_of_separate_and_equal_posteriors() -> None:
    """log B if posteriors do not overlap, zero if they are equal."""
    separate = DiagonalPosterior(100 * normal(8, 3), torch.zeros(8, 3).double())
    torch.testing.assert_close(separate.mutual_information(separate.mean).item(), math.log(8))
    same = DiagonalPosterior(torch.ones(8, 3).double(), torch.zeros(8, 3).double())
    torch.testing.assert_close(same.mutual_information(normal(8, 3)).item(), 0.0)


def test_active_units_are_dimensions_with_a_varying_mean() -> None:
    scale = torch.tensor([1.0, 0.0, 0.05, 0.3], dtype=torch.float64)
    q = DiagonalPosterior(scale * normal(500, 4) + 3, torch.zeros(500, 4).double())
    assert q.active_units() == 2
