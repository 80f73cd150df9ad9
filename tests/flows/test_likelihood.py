"""Densities of flows compared with numerical integrals in few dimensions."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from cases import checkered, made, variational
from torch import Tensor

from genera.core import ImageSpec, StandardNormal
from genera.flows import Chain, Logit, NormalizingFlow

#: Two pixels of three levels, and all nine possible images.
SPEC = ImageSpec(1, 1, 2, 3)
IMAGES = torch.cartesian_prod(torch.arange(3), torch.arange(3)).to(torch.uint8).view(9, 1, 1, 2)


@pytest.fixture(scope="module")
def flow() -> NormalizingFlow:
    transforms = [Logit, partial(checkered, count=2)]
    return made(lambda: NormalizingFlow(SPEC, transforms=transforms), scale=0.2)


@pytest.fixture(scope="module")
@torch.no_grad()
def exact(flow: NormalizingFlow) -> Tensor:
    """The probability of every image: the density integrated over its bin with Gauss-Legendre quadrature."""
    nodes, weights = (torch.from_numpy(values) / 2 for values in np.polynomial.legendre.leggauss(60))
    within = torch.cartesian_prod(nodes + 0.5, nodes + 0.5)  # (3600, 2) in [0, 1]
    weight = torch.cartesian_prod(weights, weights).prod(dim=1)
    probabilities = []
    for image in IMAGES:
        z, log_det = flow.transform(((image.flatten() + within) / 3).view(-1, 1, 1, 2))
        density = (flow.base.log_prob(z.flatten(1)) + log_det).exp()
        probabilities.append((weight * density).sum() / 9)
    return torch.stack(probabilities)


@torch.no_grad()
def sampled_log_probs(flow: NormalizingFlow, count: int, *, num_importance_samples: int = 1) -> Tensor:
    """``(9, count)`` stochastic log-probabilities."""
    images, generator = IMAGES.repeat_interleave(count, dim=0), torch.Generator().manual_seed(0)
    log_prob = flow.log_prob(images, num_importance_samples=num_importance_samples, generator=generator)
    return log_prob.view(9, count)


def standard_error(values: Tensor) -> Tensor:
    return values.std(dim=1) / values.shape[1] ** 0.5


def test_the_probabilities_of_all_images_sum_to_one(exact: Tensor) -> None:
    assert abs(exact.sum() - 1) < 1e-4
    assert exact.max() > 2 * exact.min()


def test_log_prob_is_a_lower_bound_in_expectation(flow: NormalizingFlow, exact: Tensor) -> None:
    log_prob = sampled_log_probs(flow, 2000)
    assert (log_prob.mean(dim=1) - 3 * standard_error(log_prob) < exact.log()).all()


def test_the_exponential_of_log_prob_is_unbiased(flow: NormalizingFlow, exact: Tensor) -> None:
    for num_importance_samples in (1, 4):
        probability = sampled_log_probs(flow, 2000, num_importance_samples=num_importance_samples).exp()
        assert ((probability.mean(dim=1) - exact).abs() < 4 * standard_error(probability)).all()


def test_more_importance_samples_tighten_the_bound(flow: NormalizingFlow, exact: Tensor) -> None:
    one, eight, many = (
        (exact.log() - sampled_log_probs(flow, count, num_importance_samples=samples).mean(dim=1)).mean()
        for samples, count in ((1, 2000), (8, 1000), (64, 300))
    )
    assert one > 3 * eight > 9 * many
    assert many > -0.01


#: Four pixels of three levels, the fewest on which the checkerboards of dequantizer and flow differ.
FOUR = ImageSpec(1, 2, 2, 3)


@pytest.fixture(scope="module")
def variational_flow() -> NormalizingFlow:
    transforms = [Logit, partial(checkered, count=2)]
    return made(lambda: NormalizingFlow(FOUR, transforms=transforms, dequantizer=variational), scale=0.25)


@torch.no_grad()
def exact_log_prob(flow: NormalizingFlow, image: Tensor, *, nodes: int = 16) -> Tensor:
    """The log-probability of a 2×2 image: the density integrated over its bin, for any dequantizer."""
    points, weights = (torch.from_numpy(values) / 2 for values in np.polynomial.legendre.leggauss(nodes))
    within = torch.cartesian_prod(*[points + 0.5] * 4)
    weight = torch.cartesian_prod(*[weights] * 4).prod(dim=1)
    z, log_det = flow.transform(((image.flatten() + within) / FOUR.levels).view(-1, *FOUR.shape))
    return (weight.log() + flow.base.log_prob(z.flatten(1)) + log_det).logsumexp(dim=0) - 4 * math.log(FOUR.levels)


def test_variational_dequantization_bounds_the_exact_probability(variational_flow: NormalizingFlow) -> None:
    images = torch.tensor([[0, 0, 0, 0], [2, 2, 2, 2], [0, 1, 2, 1], [2, 0, 0, 1]], dtype=torch.uint8).view(4, 1, 2, 2)
    exact = torch.stack([exact_log_prob(variational_flow, image) for image in images])
    gaps = []
    for num_importance_samples, count in ((1, 2000), (8, 800), (64, 200)):
        with torch.no_grad():
            log_prob = variational_flow.log_prob(
                images.repeat_interleave(count, dim=0),
                num_importance_samples=num_importance_samples,
                generator=torch.Generator().manual_seed(0),
            ).view(4, count)
        assert (log_prob.mean(dim=1) - 3 * standard_error(log_prob) < exact).all()
        gaps.append((exact - log_prob.mean(dim=1)).mean())
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2]
    assert gaps[2] > -0.01


@torch.no_grad()
def test_all_probabilities_of_four_pixels_sum_to_one(variational_flow: NormalizingFlow) -> None:
    images = torch.cartesian_prod(*[torch.arange(3, dtype=torch.uint8)] * 4).view(81, 1, 2, 2)
    probabilities = torch.stack([exact_log_prob(variational_flow, image, nodes=8) for image in images]).exp()
    assert abs(probabilities.sum() - 1) < 1e-2


@torch.no_grad()
def test_the_density_of_couplings_integrates_to_one() -> None:
    couplings = made(lambda: Chain((1, 1, 2), [partial(checkered, count=4)]), scale=0.2)
    line = torch.linspace(-12, 12, 241, dtype=torch.float64)
    u = torch.cartesian_prod(line, line)
    z, log_det = couplings(u.view(-1, 1, 1, 2))
    log_density = StandardNormal((2,)).log_prob(z.flatten(1)) + log_det
    assert abs(log_density.exp().sum() * (line[1] - line[0]) ** 2 - 1) < 1e-4
    assert not torch.allclose(log_density, StandardNormal((2,)).log_prob(u), atol=0.1)
