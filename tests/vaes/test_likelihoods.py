from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import LIKELIHOODS, complains, normal, pixels
from scipy import special, stats
from torch import Tensor

from genera.core import ImageSpec
from genera.vaes import (
    BernoulliPixels,
    GaussianMixturePixels,
    GaussianPixels,
    LaplacePixels,
    LogisticMixturePixels,
    LogisticPixels,
    PixelLikelihood,
)
from genera.vaes.likelihoods.base import MIN_SCALE, scale_from
from genera.vaes.likelihoods.intervals import laplace_log_cdf, log_interval, log_logistic_interval, normal_log_cdf

#: Likelihoods that sample pixels; the others return the mean.
SAMPLING = (BernoulliPixels, GaussianMixturePixels, LogisticMixturePixels, LogisticPixels)

every_likelihood = pytest.mark.parametrize("name", LIKELIHOODS)
every_density = pytest.mark.parametrize("name", [name for name in LIKELIHOODS if "CrossEntropy" not in name])
every_sampling_likelihood = pytest.mark.parametrize(
    "name", [name for name, make in LIKELIHOODS.items() if isinstance(make()[0], SAMPLING)]
)
both_precisions = pytest.mark.parametrize("dtype", [torch.float64, torch.float32])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_positions(params: Tensor) -> Tensor:
    """``(B, P, H, W)`` to ``(B · H · W, P, 1, 1)``: every position becomes an image."""
    return params.permute(0, 2, 3, 1).reshape(-1, params.shape[1], 1, 1)


def all_pixels(spec: ImageSpec) -> Tensor:
    """All possible images of one pixel: ``(levels^C, C, 1, 1)``."""
    levels = torch.arange(spec.levels, dtype=torch.uint8)
    return torch.cartesian_prod(*[levels] * spec.channels).view(-1, spec.channels, 1, 1)


@torch.no_grad()
def log_probs(likelihood: PixelLikelihood, params: Tensor) -> Tensor:
    """Log-probabilities of all images of one pixel, ``(N, levels^C)``, given ``(N, P, 1, 1)``."""
    images = all_pixels(likelihood.spec)
    log_prob = likelihood.log_prob(params.repeat_interleave(len(images), dim=0), images.repeat(len(params), 1, 1, 1))
    return log_prob.view(len(params), len(images))


def by_hand(distribution: stats.rv_continuous, loc: np.ndarray, scale: np.ndarray, spec: ImageSpec) -> np.ndarray:
    """The mass of every level, ``(levels, *loc.shape)``, by differences of scipy's distribution functions."""
    edges = (np.arange(1, spec.levels) - 0.5).reshape(-1, *[1] * loc.ndim) / (spec.levels - 1)
    ends = np.zeros((1, *loc.shape))
    below = np.concatenate([ends, distribution.cdf(edges, loc, scale), 1 + ends])
    above = np.concatenate([1 + ends, distribution.sf(edges, loc, scale), ends])
    # Each of the two formulas is accurate in one half.
    return np.where(below[1:] < 0.5, np.diff(below, axis=0), -np.diff(above, axis=0))


def scales_by_hand(params: np.ndarray) -> np.ndarray:
    return 1e-4 + (1 - 1e-4) / (1 + 3 * np.exp(-params))


def with_shared_scale(distribution: stats.rv_continuous, likelihood: PixelLikelihood, params: np.ndarray) -> np.ndarray:
    scale = torch.as_tensor(likelihood.scale(), dtype=torch.float64).detach().numpy()
    return by_hand(distribution, special.expit(params), scale, likelihood.spec)


def single_logistic(likelihood: PixelLikelihood, params: np.ndarray) -> np.ndarray:
    mean, log_scale = np.split(params, 2, axis=1)
    return by_hand(stats.logistic, 0.5 + mean, scales_by_hand(log_scale), likelihood.spec)


def mixture(distribution: stats.rv_continuous, likelihood: PixelLikelihood, params: np.ndarray) -> np.ndarray:
    """Three components with means relative to 1/6, 1/2 and 5/6."""
    logits, means, log_scales = (part.reshape(len(params), 3, -1, 1, 1) for part in np.split(params, 3, axis=1))
    means = means + np.array([1, 3, 5]).reshape(3, 1, 1, 1) / 6
    mass = by_hand(distribution, means, scales_by_hand(log_scales), likelihood.spec)
    return (special.softmax(logits, axis=1) * mass).sum(axis=2)


#: The mass of every level of every channel, ``(levels, N, C, 1, 1)``.
BY_HAND: dict[type[PixelLikelihood], Callable[[PixelLikelihood, np.ndarray], np.ndarray]] = {
    GaussianPixels: partial(with_shared_scale, stats.norm),
    LaplacePixels: partial(with_shared_scale, stats.laplace),
    GaussianMixturePixels: partial(mixture, stats.norm),
    LogisticPixels: single_logistic,
    LogisticMixturePixels: partial(mixture, stats.logistic),
    BernoulliPixels: lambda likelihood, params: np.stack([special.expit(-params), special.expit(params)]),
}


@every_density
def test_probabilities_are_differences_of_scipys_distribution_functions(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params = split_positions(params)
    mass = BY_HAND[type(likelihood)](likelihood, params.numpy())[..., 0, 0]
    images = all_pixels(likelihood.spec).flatten(1).numpy()
    expected = np.prod([mass[images[:, c], :, c] for c in range(likelihood.spec.channels)], axis=0).T
    np.testing.assert_allclose(log_probs(likelihood, params).exp(), expected, rtol=1e-9, atol=1e-100)


@every_density
@both_precisions
def test_probabilities_of_the_levels_sum_to_one(name: str, dtype: torch.dtype) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params = torch.cat([split_positions(factor * params) for factor in (0, 1, 10)])
    total = log_probs(likelihood.to(dtype), params.to(dtype)).double().exp().sum(dim=1)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=tolerance)


@every_density
def test_float32_is_accurate(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params = split_positions(params).float()
    exact = log_probs(likelihood, params.double())
    approximate = log_probs(likelihood.float(), params)
    assert approximate.dtype == torch.float32
    torch.testing.assert_close(approximate.double(), exact, rtol=1e-4, atol=1e-4)


@every_likelihood
def test_log_prob_is_a_sum_over_positions(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    images = pixels(likelihood.spec)
    whole = likelihood.log_prob(params, images)
    assert whole.shape == (len(images),)
    positions = likelihood.log_prob(split_positions(params), split_positions(images)).view(len(images), -1)
    torch.testing.assert_close(whole, positions.sum(dim=1))


@every_likelihood
def test_log_prob_is_proportional_to_the_area(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params, images = params[:, :, :1, :1], pixels(likelihood.spec)[:, :, :1, :1]
    small, large = (
        likelihood.log_prob(params.expand(-1, -1, 4, width), images.expand(-1, -1, 4, width)) for width in (3, 6)
    )
    torch.testing.assert_close(large, 2 * small)


@every_likelihood
def test_gradients_agree_with_finite_differences(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params, images = params[:, :, :1, :1], pixels(likelihood.spec)[:, :, :1, :1]
    inputs = (params.requires_grad_(), *likelihood.parameters())
    assert torch.autograd.gradcheck(lambda params, *_: likelihood.log_prob(params, images), inputs)


@every_likelihood
def test_extreme_parameters_have_finite_values_and_gradients_in_float32(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    likelihood, images = likelihood.float(), pixels(likelihood.spec).repeat(20, 1, 1, 1)
    for size in (0.0, 30.0, 1e3, 1e6):
        signs = normal(80, *params.shape[1:], seed=3).sign().float()
        extreme = (size * signs).requires_grad_()
        log_prob = likelihood.log_prob(extreme, images)
        grads = torch.autograd.grad(log_prob.sum(), (extreme, *likelihood.parameters()))
        for result in (log_prob, *grads):
            assert result.isfinite().all(), size


@pytest.mark.parametrize("make", [GaussianPixels, LaplacePixels])
@pytest.mark.parametrize("scale", [MIN_SCALE, 0.01, 100.0])
def test_gradients_far_from_the_mean_are_accurate_in_float32(make, scale: float) -> None:
    """With σ = 1e-4, the distance from black to white is 10,000 σ."""
    likelihood, images = make(ImageSpec(1, 1, 1), scale=scale), torch.tensor([0, 1, 127, 254, 255], dtype=torch.uint8)
    images = images.repeat(3).view(-1, 1, 1, 1)
    grads = []
    for dtype in (torch.float32, torch.float64):
        params = torch.tensor([-4.0, 0.0, 4.0], dtype=dtype).repeat_interleave(5).view(-1, 1, 1, 1).requires_grad_()
        grads += torch.autograd.grad(likelihood.log_prob(params, images).sum(), params)
    torch.testing.assert_close(grads[0].double(), grads[1], rtol=1e-3, atol=1e-3)


@every_likelihood
def test_shapes_and_precisions(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    assert params.shape[1] == likelihood.out_channels
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        mean, sample = likelihood.mean(params.to(dtype)), likelihood.sample(params.to(dtype))
        log_prob = likelihood.log_prob(params.to(dtype), sample)
        assert mean.dtype == log_prob.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        assert mean.shape == sample.shape == (len(params), *likelihood.spec.shape)
        assert mean.min() >= 0
        assert mean.max() <= 1
        assert sample.dtype == torch.uint8
        assert sample.max().item() < likelihood.spec.levels
        assert torch.equal(log_prob, likelihood.log_prob(params.to(dtype).to(log_prob.dtype), sample))


@every_likelihood
def test_samples_follow_the_generator_or_are_the_mean(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    params = params.repeat(10, 1, 1, 1)
    before = torch.get_rng_state()
    first, again, other = (likelihood.sample(params, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    if isinstance(likelihood, SAMPLING):
        assert not torch.equal(first, other)
    else:
        assert torch.equal(first, likelihood.spec.to_pixels(likelihood.mean(params)))
        assert torch.equal(first, other)


@every_sampling_likelihood
def test_samples_are_as_frequent_as_they_are_probable(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    place_value = likelihood.spec.levels ** torch.arange(likelihood.spec.channels).flip(0)
    for position in split_positions(0.5 * params)[:3].split(1):
        expected = 5000 * log_probs(likelihood, position)[0].exp()
        samples = likelihood.sample(position.expand(5000, -1, -1, -1), generator=seeded()).flatten(1)
        counts = (samples * place_value).sum(dim=1).bincount(minlength=len(expected)).double()
        # Rare pixels are counted together with the most probable one.
        rare = expected < 5
        group = torch.arange(len(expected)).masked_fill(rare, int(expected.argmax()))
        counts, expected = (torch.zeros_like(value).index_add(0, group, value)[~rare] for value in (counts, expected))
        assert not stats.chisquare(counts, expected).pvalue < 1e-3


@pytest.mark.parametrize("name", [name for name in LIKELIHOODS if "Mixture" in name])
def test_the_mean_of_a_mixture_by_hand(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    logits, means, _ = params.numpy().reshape(len(params), 3, 3, *likelihood.spec.shape).swapaxes(0, 1)
    means = (means + np.array([1, 3, 5]).reshape(3, 1, 1, 1) / 6).clip(0, 1)
    np.testing.assert_allclose(likelihood.mean(params), (special.softmax(logits, axis=1) * means).sum(axis=1))


def test_the_mean_of_a_logistic_is_clamped() -> None:
    params = torch.tensor([-3.0, -0.1, 0.2, 7.0]).view(4, 1, 1, 1)
    mean = LogisticPixels(ImageSpec(1, 1, 1)).mean(torch.cat([params, params], dim=1))
    torch.testing.assert_close(mean.flatten(), torch.tensor([0.0, 0.4, 0.7, 1.0]))


def test_a_mixture_of_one_logistic_equals_the_logistic() -> None:
    spec = ImageSpec(3, 2, 2)
    params, logits, images = normal(4, 6, 2, 2), normal(4, 3, 2, 2, seed=2), pixels(spec)
    mixture = LogisticMixturePixels(spec, num_components=1)
    expected = LogisticPixels(spec).log_prob(params, images)
    torch.testing.assert_close(mixture.log_prob(torch.cat([logits, params], dim=1), images), expected)


def test_parameters_of_zero_give_different_components_and_a_mean_of_one_half() -> None:
    likelihood, params = GaussianMixturePixels(ImageSpec(1, 1, 1), num_components=4), torch.zeros(1, 12, 1, 1)
    _, means, scales = likelihood.components(params)
    torch.testing.assert_close(means.flatten(), torch.tensor([0.125, 0.375, 0.625, 0.875]))
    torch.testing.assert_close(scales.flatten(), torch.full((4,), 0.25), rtol=1e-3, atol=0)
    assert likelihood.mean(params).item() == pytest.approx(0.5)


def test_scale_parameters_are_bounded_log_scales() -> None:
    params = torch.linspace(-4, -3, 5)
    torch.testing.assert_close(scale_from(params).log().diff(), params.diff(), rtol=0.03, atol=0)
    torch.testing.assert_close(scale_from(torch.tensor([-1e6, 1e6])), torch.tensor([MIN_SCALE, 1.0]))


@pytest.mark.parametrize(
    ("make", "params"),
    [
        (LogisticPixels, [100 / 255 - 0.5, -50]),
        (partial(LogisticMixturePixels, num_components=1), [0, 100 / 255 - 0.5, -50]),
        (partial(GaussianMixturePixels, num_components=1), [0, 100 / 255 - 0.5, -50]),
    ],
)
def test_a_bin_can_contain_all_mass(make: Callable[[ImageSpec], PixelLikelihood], params: list[float]) -> None:
    image = torch.full((1, 1, 1, 1), 100, dtype=torch.uint8)
    log_prob = make(ImageSpec(1, 1, 1)).log_prob(torch.tensor(params).view(1, -1, 1, 1), image)
    assert log_prob.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("make", [GaussianPixels, LaplacePixels])
def test_the_gradient_of_the_scale_points_to_the_most_likely_scale(make: type[GaussianPixels | LaplacePixels]) -> None:
    """With errors of equal size, which is their root mean square and their mean absolute value."""
    likelihood = make(ImageSpec(1, 1, 2))
    assert likelihood.scale().item() == pytest.approx(0.1)
    params, images = torch.zeros(1, 1, 1, 2), torch.tensor([107, 148], dtype=torch.uint8).view(1, 1, 1, 2)
    slopes = []
    for factor in (0.998, 1.002):
        with torch.no_grad():
            likelihood.scale.log_excess.fill_(math.log(factor * 20.5 / 255 - MIN_SCALE))
        slopes += torch.autograd.grad(likelihood.log_prob(params, images).sum(), likelihood.parameters())
    assert slopes[0] > 0 > slopes[1]


@pytest.mark.parametrize("make", [GaussianPixels, LaplacePixels])
def test_a_learned_scale_cannot_vanish(make: type[GaussianPixels | LaplacePixels]) -> None:
    likelihood = make(ImageSpec(1, 1, 1))
    with torch.no_grad():
        likelihood.scale.log_excess.fill_(-1e6)
    assert likelihood.scale().item() == pytest.approx(MIN_SCALE)


@pytest.mark.parametrize("make", [GaussianPixels, LaplacePixels])
def test_only_a_learned_scale_is_a_parameter(make: type[GaussianPixels | LaplacePixels]) -> None:
    assert list(make(ImageSpec(1, 1, 1)).state_dict()) == ["scale.log_excess"]
    assert not make(ImageSpec(1, 1, 1), scale=0.1).state_dict()


def test_bernoulli_agrees_with_torchs_distribution() -> None:
    likelihood, params = LIKELIHOODS["BernoulliPixels, 2 levels"]()
    images = pixels(likelihood.spec)
    other = torch.distributions.Bernoulli(logits=params)
    torch.testing.assert_close(likelihood.log_prob(params, images), other.log_prob(images.double()).sum(dim=(1, 2, 3)))
    torch.testing.assert_close(likelihood.mean(params), other.mean)


@pytest.mark.parametrize("name", [name for name in LIKELIHOODS if "CrossEntropy" in name])
def test_cross_entropy_agrees_with_torch_and_has_no_density(name: str) -> None:
    likelihood, params = LIKELIHOODS[name]()
    images = pixels(likelihood.spec)
    x = images.double() / (likelihood.spec.levels - 1)
    expected = -F.binary_cross_entropy(params.sigmoid(), x, reduction="none").sum(dim=(1, 2, 3))
    torch.testing.assert_close(likelihood.log_prob(params, images), expected)
    assert not likelihood.has_density


def test_all_other_likelihoods_have_densities() -> None:
    assert all(LIKELIHOODS[name]()[0].has_density for name in LIKELIHOODS if "CrossEntropy" not in name)


@both_precisions
def test_the_normal_distribution_function_agrees_with_scipy(dtype: torch.dtype) -> None:
    x = torch.cat([-torch.logspace(1, 13, 500, dtype=dtype), torch.linspace(-40, 8, 5000, dtype=dtype)])
    log_cdf, slope = normal_log_cdf(x)
    x64 = x.double().numpy()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    np.testing.assert_allclose(log_cdf, special.log_ndtr(x64), rtol=tolerance, atol=tolerance / 10)
    expected = math.sqrt(2 / math.pi) / special.erfcx(-x64 / math.sqrt(2))
    np.testing.assert_allclose(slope, expected, rtol=tolerance, atol=tolerance / 10)


@both_precisions
def test_the_laplace_distribution_function_agrees_with_scipy(dtype: torch.dtype) -> None:
    x = torch.linspace(-200, 20, 1001, dtype=dtype)
    log_cdf, slope = laplace_log_cdf(x)
    x64 = x.double().numpy()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6
    np.testing.assert_allclose(log_cdf, stats.laplace.logcdf(x64), rtol=tolerance, atol=tolerance)
    expected = np.exp(stats.laplace.logpdf(x64) - stats.laplace.logcdf(x64))
    np.testing.assert_allclose(slope, expected, rtol=tolerance, atol=tolerance)


INTERVALS = {
    stats.norm: partial(log_interval, normal_log_cdf),
    stats.laplace: partial(log_interval, laplace_log_cdf),
    stats.logistic: lambda lower, upper: log_logistic_interval(
        lower, upper, torch.zeros_like(lower), torch.ones_like(lower)
    ),
}


@pytest.mark.parametrize("distribution", INTERVALS, ids=lambda distribution: distribution.name)
def test_intervals_in_both_tails_are_accurate(distribution: stats.rv_continuous) -> None:
    """Where the distribution function itself is rounded to 0 or 1."""
    lower = torch.tensor([-300.0, -30.0, -8.0, -1.0, -1e9, -1e9], dtype=torch.float64)
    upper = torch.tensor([-299.9, -25.0, -7.5, 0.5, -30.0, 4.0], dtype=torch.float64)
    log_lower, log_upper = distribution.logcdf(lower), distribution.logcdf(upper)
    expected = log_upper + np.log1p(-np.exp(log_lower - log_upper))
    interval = INTERVALS[distribution]
    np.testing.assert_allclose(interval(lower, upper), expected, rtol=1e-10)
    np.testing.assert_allclose(interval(-upper, -lower), expected, rtol=1e-10)


@pytest.mark.parametrize("log_cdf", [normal_log_cdf, laplace_log_cdf])
def test_an_interval_rounded_to_zero_width_has_finite_values(log_cdf) -> None:
    ends = torch.tensor([[1e-9, 2e-9], [3.0, 3.0]], requires_grad=True)
    log_prob = log_interval(log_cdf, *ends.unbind(dim=1))
    (grad,) = torch.autograd.grad(log_prob.sum(), ends)
    assert log_prob.isfinite().all()
    assert grad.isfinite().all()


@pytest.mark.parametrize("levels", [3, 17, 256])
def test_a_bernoulli_likelihood_refuses_grey_pixels(levels: int) -> None:
    with complains("a Bernoulli likelihood is for images of 2 levels", f"got {levels}", "CrossEntropyPixels"):
        BernoulliPixels(ImageSpec(1, 2, 2, levels))


@pytest.mark.parametrize("make", [GaussianPixels, LaplacePixels])
@pytest.mark.parametrize("scale", [-1.0, 0.0, 1e-5, 1e5, math.inf, math.nan])
def test_a_scale_out_of_range_is_refused(make: type[GaussianPixels | LaplacePixels], scale: float) -> None:
    with complains("scale must be between 0.0001 and 10000", f"got {scale}"):
        make(ImageSpec(1, 2, 2), scale=scale)


@pytest.mark.parametrize("make", [GaussianMixturePixels, LogisticMixturePixels])
@pytest.mark.parametrize("num_components", [0, -1])
def test_a_mixture_needs_components(
    make: type[GaussianMixturePixels | LogisticMixturePixels], num_components: int
) -> None:
    with complains("num_components must be at least 1", str(num_components)):
        make(ImageSpec(1, 2, 2), num_components=num_components)
