from __future__ import annotations

import math

import pytest
import torch
from cases import OBJECTIVES, complains, normal

from genera.core import Constant, FallingCycles, Progress, StandardNormal, Warmup
from genera.vaes import BetaTcvae, DiagonalPosterior, Elbo, FreeBits, Iwae
from genera.vaes.objectives import PosteriorSamples


def posterior_samples(
    count: int = 1, *, num_images: int = 6, num_dims: int = 3, closed: bool = True, seed: int = 0
) -> PosteriorSamples:
    """Posterior samples with a standard normal prior and an arbitrary likelihood."""
    posterior = DiagonalPosterior(normal(num_images, num_dims), 0.3 * normal(num_images, num_dims, seed=2) - 0.5)
    z = posterior.sample(count, generator=torch.Generator().manual_seed(seed))
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=-1)
    log_likelihood = -3 * (z - 1).square().sum(dim=-1) - 10
    kl_per_dim = posterior.kl_to(StandardNormal((num_dims,))) if closed else None
    return PosteriorSamples(
        posterior=posterior, z=z, log_likelihood=log_likelihood, log_prior=log_prior, kl_per_dim=kl_per_dim
    )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_terms_sum_to_the_total(name: str) -> None:
    objective = OBJECTIVES[name]()
    loss = objective(posterior_samples(objective.num_samples))
    assert loss.total.shape == (6,)
    torch.testing.assert_close(loss.total, sum(loss.terms.values()).expand(6))
    assert all(not value.requires_grad for value in loss.logs.values())


def test_elbo_is_reconstruction_and_weighted_divergence() -> None:
    samples = posterior_samples()
    for beta in (0.0, 1.0, 4.0):
        loss = Elbo(beta).double()(samples)
        torch.testing.assert_close(loss.total, -samples.log_likelihood[0] + beta * samples.kl_per_dim.sum(dim=1))
    samples = posterior_samples(closed=False)
    torch.testing.assert_close(Elbo().double()(samples).total, -samples.log_weight[0])


@pytest.mark.parametrize("name", ["Elbo, warm-up", "BetaTcvae, warm-up"])
def test_beta_follows_its_schedule_and_is_saved(name: str) -> None:
    objective = OBJECTIVES[name]()
    objective.advance(Progress(step=0, epoch=2.5, fraction=0.25, num_epochs=10))
    half = objective(posterior_samples()).logs["beta"]
    assert half == pytest.approx(0.5 * objective.beta.maximum)
    fresh = OBJECTIVES[name]()
    fresh.load_state_dict(objective.state_dict())
    assert fresh.beta.value == half


def test_a_schedule_longer_than_the_training_is_refused() -> None:
    for schedule, epochs in ((Warmup(10), 10), (FallingCycles(10, 80), 100)):
        objective = Elbo(schedule=schedule)
        objective.advance(Progress(0, 0.0, 0.0, num_epochs=epochs))
        with complains("does not fit into a training of 9 epochs", "--max_epochs"):
            objective.advance(Progress(0, 0.0, 0.0, num_epochs=9))


def test_free_bits_clamp_the_divergence_of_every_dimension() -> None:
    samples = posterior_samples(num_images=200)
    kl = samples.kl_per_dim.mean(dim=0)
    threshold = float(kl.median())
    clamped = FreeBits(threshold)(samples).terms["clamped_kl"]
    assert clamped.shape == ()
    torch.testing.assert_close(clamped, sum(max(threshold, float(value)) for value in kl) * torch.ones(()).double())
    torch.testing.assert_close(FreeBits(0.0)(samples).total.mean(), Elbo().double()(samples).total.mean())


def test_iwae_with_one_sample_is_the_elbo() -> None:
    samples = posterior_samples(closed=False)
    torch.testing.assert_close(Iwae(1)(samples).total, Elbo().double()(samples).total)


def test_more_importance_samples_tighten_the_bound_on_average() -> None:
    bounds, errors = [], []
    for num_samples in (1, 2, 5, 20):
        total = Iwae(num_samples)(posterior_samples(num_samples, num_images=4000)).total
        bounds.append(float(total.mean()))
        errors.append(float(total.std()) / 4000**0.5)
    for looser, tighter, error in zip(bounds, bounds[1:], errors, strict=False):
        assert tighter < looser + 3 * error
    assert bounds[-1] < bounds[0] - 5 * errors[0]


def test_the_terms_of_the_beta_tcvae_sum_to_the_divergence() -> None:
    """For any size of the data set; with β = 1 the total is the ELBO."""
    samples = posterior_samples(closed=False)
    expected = Elbo().double()(samples).total
    for num_images in (6, 50_000):
        loss = BetaTcvae(num_images, beta=1.0).double()(samples)
        torch.testing.assert_close(loss.total, expected)
    terms = [value for name, value in loss.terms.items() if name != "reconstruction"]
    torch.testing.assert_close(sum(terms), samples.log_posterior[0] - samples.log_prior[0])


def test_total_correlation_of_a_gaussian() -> None:
    """Narrow posteriors with correlated Gaussian means: the aggregate has a known total correlation."""
    count, correlation = 4000, 0.8
    noise = normal(count, 2)
    means = torch.stack([noise[:, 0], correlation * noise[:, 0] + (1 - correlation**2) ** 0.5 * noise[:, 1]], dim=1)
    posterior = DiagonalPosterior(means, torch.full_like(means, math.log(0.1)))
    z = posterior.sample(1, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(1, count).double()
    samples = PosteriorSamples(posterior=posterior, z=z, log_likelihood=zeros, log_prior=zeros, kl_per_dim=None)
    estimated = BetaTcvae(count, beta=1.0).double()(samples).logs["total_correlation"].mean()
    # The estimator has D factors 1/(NB) in place of one, which gives a known constant bias.
    corrected = estimated - math.log(count)
    assert float(corrected) == pytest.approx(-0.5 * math.log(1 - correlation**2), abs=0.05)


def test_arguments_out_of_range_are_refused() -> None:
    for make in (lambda: Elbo(-1.0), lambda: BetaTcvae(10, beta=-0.5), lambda: Elbo(math.nan), lambda: Elbo(math.inf)):
        with complains("beta must not be negative"):
            make()
    for factor in (-1.0, 1.5, math.nan):
        with complains("the schedule of beta must stay in [0, 1]", f"got {factor:g}"):
            Elbo(schedule=Constant(factor)).advance(Progress(0, 0.0, 0.0))
    with complains("num_samples must be at least 1", "0"):
        Iwae(0)
    with complains("must not be negative", "-0.1"):
        FreeBits(-0.1)
    with complains("size of the training split", "0"):
        BetaTcvae(0)


def test_a_constant_schedule_scales_beta() -> None:
    objective = Elbo(4.0, schedule=Constant(0.5))
    objective.advance(Progress(0, 0.0, 0.0))
    assert objective.beta.value == 2
