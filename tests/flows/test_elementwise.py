from __future__ import annotations

import pytest
import torch
from cases import ELEMENTWISE, normal, perturb

from genera.flows import Affine

every_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)


@every_elementwise
def test_the_inverse_restores_every_value(name: str) -> None:
    elementwise, x, params = ELEMENTWISE[name]()
    assert params.shape == (len(x), elementwise.num_params, *x.shape[1:])
    y, log_derivative = elementwise(x, params)
    back, log_derivative_back = elementwise.inverse(y, params)
    assert y.shape == log_derivative.shape == x.shape
    torch.testing.assert_close(back, x, rtol=0, atol=1e-10)
    torch.testing.assert_close(log_derivative_back, -log_derivative, rtol=0, atol=1e-10)


@every_elementwise
def test_the_derivative_is_positive_and_agrees_with_autodiff(name: str) -> None:
    elementwise, x, params = ELEMENTWISE[name]()
    x.requires_grad_()
    y, log_derivative = elementwise(x, params)
    (derivative,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(log_derivative, derivative.log(), rtol=0, atol=1e-8)


@every_elementwise
def test_gradients_are_finite_in_both_directions(name: str) -> None:
    for direction in ("forward", "inverse"):
        elementwise, x, params = ELEMENTWISE[name]()
        params.requires_grad_()
        y, log_derivative = getattr(elementwise, direction)(x, params)
        (y.square().sum() + log_derivative.sum()).backward()
        for parameter, value in [("params", params), *elementwise.named_parameters()]:
            assert value.grad is not None, parameter
            assert value.grad.isfinite().all(), parameter
            assert value.grad.any(), parameter


@every_elementwise
def test_the_state_dict_determines_the_output(name: str) -> None:
    (trained, x, params), (fresh, *_) = ELEMENTWISE[name](), ELEMENTWISE[name]()
    perturb(fresh, seed=5)
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh(x, params)[0], trained(x, params)[0])


@pytest.mark.parametrize("name", sorted(ELEMENTWISE.keys() - {"LogisticMixture"}))
def test_parameters_of_zero_are_the_identity(name: str) -> None:
    """So couplings with a zero-initialized network are initially the identity, except mixtures."""
    elementwise, x, params = ELEMENTWISE[name]()
    y, log_derivative = elementwise(x, torch.zeros_like(params))
    torch.testing.assert_close(y, x)
    torch.testing.assert_close(log_derivative, torch.zeros_like(x))


@every_elementwise
def test_extreme_values_are_finite_in_float32(name: str) -> None:
    elementwise, x, params = ELEMENTWISE[name]()
    elementwise = elementwise.float()
    signs = torch.sign(normal(50, *params.shape, seed=4))
    for direction in ("forward", "inverse"):
        for value in (-50.0, -2.5, 0.0, 2.5, 50.0):
            for scale in (1.0, 20.0):
                x_i = torch.full((50 * len(x), *x.shape[1:]), value, requires_grad=True)
                extreme = (scale * signs).flatten(0, 1).float().requires_grad_()
                y, log_derivative = getattr(elementwise, direction)(x_i, extreme)
                grads = torch.autograd.grad(y.sum() + log_derivative.sum(), (x_i, extreme, *elementwise.parameters()))
                for result in (y, log_derivative, *grads):
                    assert result.isfinite().all(), (direction, value, scale)


def test_affine_by_hand() -> None:
    affine, x, params = ELEMENTWISE["Affine"]()
    bound = affine.log_bound.exp().view(1, 3, 1, 1)
    s, t = torch.tanh(params[:, 0] / bound) * bound, params[:, 1]
    y, log_derivative = affine(x, params)
    torch.testing.assert_close(y, (x + t) * torch.exp(s), rtol=1e-14, atol=0)
    torch.testing.assert_close(log_derivative, s, rtol=1e-14, atol=0)


def test_the_scale_of_affine_is_bounded_per_channel() -> None:
    affine = Affine(2).double()
    with torch.no_grad():
        affine.log_bound.copy_(torch.tensor([0.0, 1.0]))
    for sign in (-1, 1):
        params = torch.full((1, 2, 2, 1, 1), sign * 1e6, dtype=torch.float64)
        _, log_derivative = affine(torch.zeros(1, 2, 1, 1, dtype=torch.float64), params)
        bounds = sign * torch.tensor([1.0, torch.e], dtype=torch.float64)
        torch.testing.assert_close(log_derivative.flatten(), bounds)
