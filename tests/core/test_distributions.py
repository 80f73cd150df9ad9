from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import DISTRIBUTIONS, complains, made, normal
from scipy import stats
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from genera.core import DiagonalGaussian, Distribution, GaussianMixture, StandardNormal


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_shapes_and_precision(name: str) -> None:
    distribution, z = DISTRIBUTIONS[name]()
    for dtype in (torch.float64, torch.float32):
        distribution, z = distribution.to(dtype), z.to(dtype)
        log_prob, samples = distribution.log_prob(z), distribution.sample(7)
        assert distribution.event_shape == z.shape[1:]
        assert log_prob.shape == z.shape[:1]
        assert samples.shape == (7, *distribution.event_shape)
        assert log_prob.dtype == samples.dtype == dtype
        assert not distribution.is_discrete


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_generator_determines_the_samples(name: str) -> None:
    distribution, _ = DISTRIBUTIONS[name]()
    before = torch.get_rng_state()
    first, again, other = (distribution.sample(5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if "FlowPrior" not in name])
def test_temperature_scales_the_spread(name: str) -> None:
    """Around the mean, or the mean of the sampled component, which is the sample at temperature 0."""
    distribution, _ = DISTRIBUTIONS[name]()
    one, half, mean = (
        distribution.sample(4000, temperature=temperature, generator=torch.Generator().manual_seed(0))
        for temperature in (1.0, 0.5, 0.0)
    )
    assert len(mean.unique(dim=0)) == (3 if name.startswith(("GaussianMixture", "VampPrior")) else 1)
    spread = (one - mean).std(dim=0)
    assert (spread > 0.1).all()
    assert ((one - mean).mean(dim=0).abs() < 4 * spread / len(one) ** 0.5).all()
    torch.testing.assert_close(half - mean, (one - mean) / 2)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_gradients_are_finite(name: str) -> None:
    distribution, z = DISTRIBUTIONS[name]()
    z.requires_grad_()
    distribution.log_prob(z).sum().backward()
    for parameter, value in [("z", z), *distribution.named_parameters()]:
        assert value.grad is not None, parameter
        assert value.grad.isfinite().all(), parameter
        assert value.grad.any(), parameter


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_samples_follow_the_density(name: str) -> None:
    """``E[q(z) / p(z)]`` over samples of p is the integral of q, for a q with thinner tails."""
    distribution, _ = DISTRIBUTIONS[name]()
    z = distribution.sample(20_000, generator=torch.Generator().manual_seed(0))
    thin = Independent(Normal(z.mean(dim=0), 0.7 * z.std(dim=0)), z.dim() - 1)
    ratio = (thin.log_prob(z) - distribution.log_prob(z)).exp()
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / len(ratio) ** 0.5


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_terms_per_dimension_sum_to_the_log_probability(name: str) -> None:
    distribution, z = DISTRIBUTIONS[name]()
    terms = distribution.log_prob_per_dim(z)
    assert (terms is not None) == name.startswith(("StandardNormal", "DiagonalGaussian"))
    if terms is not None:
        assert terms.shape == z.shape
        torch.testing.assert_close(terms.flatten(1).sum(dim=1), distribution.log_prob(z))
        # A dimension depends on its own value only.
        changed = z.clone()
        changed[..., 0] += 1
        assert torch.equal(distribution.log_prob_per_dim(changed)[..., 1:], terms[..., 1:])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_divergence_in_closed_form_is_the_expected_log_ratio(name: str) -> None:
    distribution, z = DISTRIBUTIONS[name]()
    mean, log_scale = z[:1], normal(*z[:1].shape, seed=2) - 0.5
    kl = distribution.kl_per_dim(mean, log_scale)
    assert (kl is not None) == name.startswith("StandardNormal")
    if kl is not None:
        q = Normal(mean, log_scale.exp())
        torch.testing.assert_close(kl, kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))))


def test_standard_normal_agrees_with_torch_and_scipy() -> None:
    z = 3 * normal(6, 4)
    log_prob = StandardNormal((4,)).log_prob(z)
    torch.testing.assert_close(log_prob, Independent(Normal(torch.zeros(4), torch.ones(4)), 1).log_prob(z))
    np.testing.assert_allclose(log_prob, stats.multivariate_normal(np.zeros(4)).logpdf(z.numpy()), rtol=1e-12)
    samples = StandardNormal((2,)).sample(5000, generator=torch.Generator().manual_seed(0))
    assert stats.kstest(samples.flatten().numpy(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.05


@pytest.mark.parametrize("make", [DiagonalGaussian, GaussianMixture])
def test_learned_distributions_start_close_to_a_standard_normal(make: type[DiagonalGaussian | GaussianMixture]) -> None:
    z = normal(100, 3).float()
    torch.testing.assert_close(make((3,)).log_prob(z), StandardNormal((3,)).log_prob(z), rtol=0, atol=0.3)


def test_diagonal_gaussian_agrees_with_torch() -> None:
    distribution, z = made(lambda: DiagonalGaussian((4,)), scale=0.5), 3 * normal(6, 4)
    other = Independent(Normal(distribution.mean, distribution.log_scale.exp()), 1)
    torch.testing.assert_close(distribution.log_prob(z), other.log_prob(z))
    samples = distribution.sample(5000, generator=torch.Generator().manual_seed(0))
    standardized = (samples - other.mean) / other.variance.sqrt()
    assert stats.kstest(standardized.detach().flatten().numpy(), "norm").pvalue > 1e-3


def far_apart() -> GaussianMixture:
    """Three components of different weights and shapes, with little overlap."""
    mixture = made(lambda: GaussianMixture((2,), num_components=3), scale=0.3)
    with torch.no_grad():
        mixture.logits.copy_(torch.tensor([0.0, 1.0, -1.0]))
        mixture.means.add_(torch.tensor([[0.0, 0.0], [6.0, 1.0], [-5.0, 4.0]]))
    return mixture


def as_torch_mixture(mixture: GaussianMixture) -> MixtureSameFamily:
    components = Independent(Normal(mixture.means, mixture.log_scales.exp()), 1)
    return MixtureSameFamily(Categorical(logits=mixture.logits), components)


@pytest.mark.parametrize("make", [far_apart, lambda: made(lambda: GaussianMixture((5,), num_components=1))])
def test_gaussian_mixture_agrees_with_torch(make) -> None:
    mixture = make()
    z = 3 * normal(6, mixture.means.shape[1])
    torch.testing.assert_close(mixture.log_prob(z), as_torch_mixture(mixture).log_prob(z))


@torch.no_grad()
def test_a_mixture_integrates_to_one() -> None:
    line = torch.linspace(-16, 16, 641, dtype=torch.float64)
    log_density = far_apart().log_prob(torch.cartesian_prod(line, line))
    assert abs(log_density.exp().sum() * (line[1] - line[0]) ** 2 - 1) < 1e-8


@torch.no_grad()
def test_samples_of_a_mixture_have_its_moments_and_weights() -> None:
    mixture = far_apart()
    samples = mixture.sample(20_000, generator=torch.Generator().manual_seed(0))
    other = as_torch_mixture(mixture)
    error = (other.variance / len(samples)).sqrt()
    assert ((samples.mean(dim=0) - other.mean).abs() < 4 * error).all()
    torch.testing.assert_close(samples.var(dim=0), other.variance, rtol=0.05, atol=0)
    means = mixture.sample(20_000, temperature=0.0, generator=torch.Generator().manual_seed(0))
    means, counts = means.unique(dim=0, return_counts=True)
    order = mixture.means[:, 0].argsort()
    assert torch.equal(means, mixture.means[order])
    expected = 20_000 * mixture.logits.softmax(dim=0)[order]
    assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_far_from_every_component_the_density_stays_finite() -> None:
    mixture = far_apart().float()
    z = torch.full((1, 2), 1e4, requires_grad=True)
    log_prob = mixture.log_prob(z)
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert z.grad is not None
    assert z.grad.isfinite().all()


def test_narrow_components_far_from_zero_are_precise() -> None:
    """In float32, where expanded squares would cancel."""
    mixture = far_apart()
    with torch.no_grad():
        mixture.means.mul_(100)
        mixture.log_scales.sub_(3)
    z = mixture.sample(10, generator=torch.Generator().manual_seed(0)).detach().float()
    exact = mixture.log_prob(z.double())
    torch.testing.assert_close(mixture.float().log_prob(z).double(), exact, rtol=0, atol=0.05)


def test_the_components_differ_by_seed() -> None:
    state = torch.get_rng_state()
    first, again, other = (GaussianMixture((3,), seed=seed).means for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(first.unique(dim=0)) == 8


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize("make", [StandardNormal, DiagonalGaussian, GaussianMixture])
def test_a_distribution_needs_dimensions(make: type[Distribution], size: int) -> None:
    with complains("event_shape must be at least 1", str(size)):
        make((2, size))


@pytest.mark.parametrize("num_components", [0, -2])
def test_a_mixture_needs_components(num_components: int) -> None:
    with complains("num_components must be at least 1", str(num_components)):
        GaussianMixture((3,), num_components=num_components)
