from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import DISTRIBUTIONS, complains, normal
from scipy import stats
from torch.distributions import Independent, Normal

from genera.core import StandardNormal


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_shapes_and_precision(name: str) -> None:
    distribution, z = DISTRIBUTIONS[name]()
    for dtype in (torch.float64, torch.float32):
        distribution, z = distribution.to(dtype), z.to(dtype)
        log_prob, drawn = distribution.log_prob(z), distribution.sample(7)
        assert log_prob.shape == z.shape[:1]
        assert drawn.shape == (7, *z.shape[1:])
        assert log_prob.dtype == drawn.dtype == dtype


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_generator_decides(name: str) -> None:
    distribution, _ = DISTRIBUTIONS[name]()
    before = torch.get_rng_state()
    first, again, other = (distribution.sample(5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_temperature_scales_the_spread(name: str) -> None:
    distribution, _ = DISTRIBUTIONS[name]()
    one, half, none = (
        distribution.sample(4000, temperature=temperature, generator=torch.Generator().manual_seed(0)).std(dim=0)
        for temperature in (1.0, 0.5, 0.0)
    )
    torch.testing.assert_close(half, one / 2, rtol=0.05, atol=0)
    assert (none < one / 100).all()


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_samples_follow_the_density(name: str) -> None:
    """``E[q(z) / p(z)]`` over samples of p is the integral of q, for a q with thinner tails."""
    distribution, _ = DISTRIBUTIONS[name]()
    z = distribution.sample(20_000, generator=torch.Generator().manual_seed(0))
    thin = Independent(Normal(z.mean(dim=0), 0.7 * z.std(dim=0)), 1)
    ratio = (thin.log_prob(z) - distribution.log_prob(z)).exp()
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / len(ratio) ** 0.5


def test_standard_normal_agrees_with_torch_and_scipy() -> None:
    z = 3 * normal(6, 4)
    log_prob = StandardNormal(4).log_prob(z)
    torch.testing.assert_close(log_prob, Independent(Normal(torch.zeros(4), torch.ones(4)), 1).log_prob(z))
    np.testing.assert_allclose(log_prob, stats.multivariate_normal(np.zeros(4)).logpdf(z.numpy()), rtol=1e-12)
    drawn = StandardNormal(2).sample(5000, generator=torch.Generator().manual_seed(0))
    assert stats.kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.05


@pytest.mark.parametrize("num_dims", [0, -1])
def test_no_dimensions(num_dims: int) -> None:
    with complains("num_dims must be positive", str(num_dims)):
        StandardNormal(num_dims)
