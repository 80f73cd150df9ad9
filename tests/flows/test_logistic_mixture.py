from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import ELEMENTWISE, complains, made, normal
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.special import log_expit, logsumexp
from torch import Tensor

from genera.flows import LogisticMixture


def components_by_hand(params: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-weights, means and log-scales ``(B, K, C, H, W)``."""
    weights, means, log_scales = (part.numpy() for part in params[:, :-2].chunk(3, dim=1))
    num_components = weights.shape[1]
    grid = (np.arange(num_components) - (num_components - 1) / 2).reshape(-1, 1, 1, 1)
    log_scales = 5 * np.tanh(log_scales / 5)
    return weights - logsumexp(weights, axis=1, keepdims=True), grid + means, log_scales


def logit_cdf_by_hand(x: np.ndarray, components: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """The logit of the distribution function at ``(B, C, H, W)``."""
    log_weights, means, log_scales = components
    u = (x[:, None] - means) / np.exp(log_scales)
    return logsumexp(log_weights + log_expit(u), axis=1) - logsumexp(log_weights + log_expit(-u), axis=1)


def separated(*, dtype: torch.dtype = torch.float64) -> Tensor:
    """Parameters of two equally likely components far apart: means -20 and 20, scales near 0.02; no affine part."""
    params = torch.tensor([0, 0, -19.5, 19.5, -7, -7, 0, 0], dtype=dtype)
    return params.view(1, 8, 1, 1, 1)


def test_values_by_hand() -> None:
    elementwise, x, params = ELEMENTWISE["LogisticMixture"]()
    z = torch.from_numpy(logit_cdf_by_hand(x.numpy(), components_by_hand(params)))
    expected, _ = elementwise.affine(z, params[:, -2:])
    torch.testing.assert_close(elementwise(x, params)[0], expected, rtol=1e-12, atol=1e-12)


def test_components_initially_differ() -> None:
    elementwise, params = LogisticMixture(1, num_components=3), torch.zeros(1, 11, 1, 1, 1)
    log_weights, means, log_scales = elementwise._mixture(params)
    assert means.flatten().tolist() == [-1, 0, 1]
    assert log_weights.exp().flatten().tolist() == pytest.approx([1 / 3] * 3)
    assert not log_scales.any()


def test_without_gradients_the_inverse_is_the_same() -> None:
    elementwise, y, params = ELEMENTWISE["LogisticMixture"]()
    with torch.no_grad():
        x, log_derivative = elementwise.inverse(y, params)
    expected, expected_log_derivative = elementwise.inverse(y, params)
    torch.testing.assert_close(x, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(log_derivative, expected_log_derivative, rtol=0, atol=1e-12)


def test_the_derivative_integrates_to_the_differences() -> None:
    elementwise, params = made(lambda: LogisticMixture(2)), normal(1, 14, 2, 1, 1)
    x = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    y, log_derivative = elementwise(x.view(-1, 1, 1, 1).expand(-1, 2, -1, -1), params.expand(len(x), -1, -1, -1, -1))
    integral = simpson(log_derivative.exp().detach().numpy(), x=x.numpy(), axis=0)
    torch.testing.assert_close(torch.from_numpy(integral), y[-1] - y[0], rtol=0, atol=1e-8)


def test_the_inverse_agrees_with_brents_method() -> None:
    elementwise, y, params = ELEMENTWISE["LogisticMixture"]()
    z, _ = elementwise.affine.inverse(y, params[:, -2:])
    x, _ = elementwise.inverse(y, params)
    components = components_by_hand(params)
    for index in np.ndindex(*y.shape):
        mixture = tuple(part[index[0], :, index[1], index[2], index[3]].reshape(1, -1, 1, 1, 1) for part in components)

        def error(x: float, mixture=mixture, target=z[index].item()) -> float:
            return logit_cdf_by_hand(np.full((1, 1, 1, 1), x), mixture).item() - target

        root = brentq(error, -1e3, 1e3, xtol=1e-13, rtol=1e-14)
        assert x[index].item() == pytest.approx(root, rel=1e-11, abs=1e-11)


def test_in_the_tails_the_widest_component_dominates() -> None:
    """Where the distribution function itself is rounded to 0 or 1."""
    elementwise, params = LogisticMixture(1, num_components=2), torch.zeros(1, 8, 1, 1, 1, dtype=torch.float64)
    params[0, 2:6, 0, 0, 0] = torch.tensor([1.5, -1.5, -1, 1])  # means 1 and -1
    log_weight, scale = -np.log(2), np.exp(5 * np.tanh(0.2))
    for x, z in [(1e4, (1e4 + 1) / scale - log_weight), (-1e4, (-1e4 + 1) / scale + log_weight)]:
        y, log_derivative = elementwise(torch.full((1, 1, 1, 1), x, dtype=torch.float64), params)
        assert y.item() == pytest.approx(z, rel=1e-12)
        assert log_derivative.exp().item() == pytest.approx(1 / scale, rel=1e-12)
        assert elementwise.inverse(y, params)[0].item() == pytest.approx(x, rel=1e-12)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_agree_with_finite_differences(direction: str) -> None:
    """Gradients of values and log-derivatives with respect to input, parameters and the learned bound."""
    elementwise = made(lambda: LogisticMixture(2, num_components=3), scale=0.5)
    x, params = 2 * normal(2, 2, 1, 2), normal(2, 11, 2, 1, 2, seed=2)
    inputs = (x.requires_grad_(), params.requires_grad_(), elementwise.affine.log_bound)
    assert torch.autograd.gradcheck(lambda x, params, _: getattr(elementwise, direction)(x, params), inputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_inverse_between_distant_components(dtype: torch.dtype) -> None:
    """The curve is flat there within rounding, and its exact gradient would overflow."""
    elementwise, params = LogisticMixture(1, num_components=2).to(dtype), separated(dtype=dtype).requires_grad_()
    y = torch.zeros(1, 1, 1, 1, dtype=dtype, requires_grad=True)
    x, log_derivative = elementwise.inverse(y, params)
    assert -20 < x.item() < 20
    assert log_derivative.item() > 100
    torch.testing.assert_close(elementwise(x, params)[0], y)
    grads = torch.autograd.grad(x.sum() + log_derivative.sum(), (y, params))
    assert all(grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.1, 3, 20])
def test_the_inverse_is_accurate_to_rounding(scale: float, dtype: torch.dtype) -> None:
    """For all mixtures, within the rounding of x where the curve is steep."""
    elementwise = LogisticMixture(3).to(dtype)
    y, params = (5 * normal(8, 3, 8, 8)).to(dtype), (scale * normal(8, 14, 3, 8, 8, seed=2)).to(dtype)
    x, log_derivative = elementwise.inverse(y, params)
    again, _ = elementwise(x, params)
    steepness = (-log_derivative).exp().clamp(min=1)
    rounding = 50 * torch.finfo(dtype).eps
    assert ((again - y).abs() / steepness <= rounding * (1 + x.abs() + y.abs())).all()
    with torch.no_grad():
        same, slopes = elementwise.inverse(y, params)
    torch.testing.assert_close(same, x)
    torch.testing.assert_close(slopes, -elementwise(same, params)[1])


@pytest.mark.parametrize("make_optimiser", [torch.optim.Adam, torch.optim.SGD])
def test_equal_components_diverge_in_training(make_optimiser: type[torch.optim.Optimizer]) -> None:
    elementwise = LogisticMixture(1, num_components=3).double()
    params = torch.zeros(1, 11, 1, 1, 1, dtype=torch.float64, requires_grad=True)
    # An asymmetric distribution with two modes, for which no gradient is zero.
    x = torch.cat([normal(40) - 3, 0.5 * normal(20, seed=2) + 2]).view(-1, 1, 1, 1)
    optimiser = make_optimiser([params], lr=0.05)
    losses = []
    for _ in range(20):
        y, log_derivative = elementwise(x, params.expand(len(x), -1, -1, -1, -1))
        loss = (y.square() / 2 - log_derivative).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    for part in components_by_hand(params.detach()):
        assert np.abs(np.diff(np.sort(part.flatten()))).min() > 1e-4


def test_log_scales_are_bounded() -> None:
    elementwise, x = LogisticMixture(1, num_components=1), torch.zeros(1, 1, 1, 1)
    for sign in (-1, 1):
        params = torch.tensor([0, 0, sign * 1e6, 0, 0]).view(1, 5, 1, 1, 1)
        assert elementwise(x, params)[1].item() == pytest.approx(-sign * 5)


@pytest.mark.parametrize("num_components", [0, -1])
def test_a_mixture_needs_components(num_components: int) -> None:
    with complains("num_components must be at least 1", str(num_components)):
        LogisticMixture(1, num_components=num_components)
