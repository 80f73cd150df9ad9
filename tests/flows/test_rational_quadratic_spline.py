from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from cases import complains, normal
from torch import Tensor

from genera.flows import RationalQuadraticSpline


def knots_by_hand(spline: RationalQuadraticSpline, params: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Positions of the knots of one value in x and in y, and the slopes at them, from its vector of parameters."""
    num_bins = (len(params) + 1) // 3
    widths, heights, derivatives = params.split([num_bins, num_bins, num_bins - 1])
    positions = []
    for logits, smallest in [(widths, spline.min_width), (heights, spline.min_height)]:
        sizes = smallest + (1 - smallest * num_bins) * torch.softmax(logits, dim=0)
        positions.append(F.pad(sizes.cumsum(0), (1, 0)) * 2 * spline.bound - spline.bound)
    shift = torch.log(torch.expm1(torch.tensor(1 - spline.min_derivative, dtype=params.dtype)))
    slopes = F.pad(spline.min_derivative + F.softplus(derivatives + shift), (1, 1), value=1)
    return positions[0], positions[1], slopes


def as_images(x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers ``(N,)`` with the same parameters, as images of one pixel."""
    return x.view(-1, 1, 1, 1), params.view(1, -1, 1, 1, 1).expand(len(x), -1, -1, -1, -1)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_it_is_the_identity_outside(direction: str) -> None:
    spline, params = RationalQuadraticSpline(1, bound=2.0), 3 * normal(23)
    x = torch.tensor([-1e6, -2.1, -2.0, 2.0, 2.1, 1e6], dtype=torch.float64)
    x, params = (value.clone().requires_grad_() for value in as_images(x, params))
    y, log_derivative = getattr(spline, direction)(x, params)
    torch.testing.assert_close(y, x, rtol=0, atol=1e-14)
    torch.testing.assert_close(log_derivative, torch.zeros_like(x), rtol=0, atol=1e-14)
    grads = torch.autograd.grad(y.sum() + log_derivative.sum(), (x, params))
    outside = x.detach().flatten().abs() > 2
    torch.testing.assert_close(grads[0][outside], torch.ones_like(x[outside]))
    assert not grads[1][outside].any()


@pytest.mark.parametrize("scale", [1, 5])
def test_it_is_increasing_with_the_given_slopes_at_its_knots(scale: float) -> None:
    spline = RationalQuadraticSpline(1, num_bins=5, bound=3.0, min_width=0.01, min_height=0.02, min_derivative=0.05)
    params = scale * normal(14)
    knots_x, knots_y, slopes = knots_by_hand(spline, params)
    # A knot belongs to the bin on its right; just before it, the bin on its left must agree.
    for x in (knots_x, knots_x - 1e-9):
        y, log_derivative = spline(*as_images(x, params))
        torch.testing.assert_close(y.flatten(), knots_y, rtol=0, atol=1e-6)
        torch.testing.assert_close(log_derivative.flatten(), slopes.log(), rtol=0, atol=1e-4)
    torch.testing.assert_close(spline(*as_images(knots_x, params))[0].flatten(), knots_y, rtol=0, atol=1e-12)
    torch.testing.assert_close(spline.inverse(*as_images(knots_y, params))[0].flatten(), knots_x, rtol=0, atol=1e-12)
    grid = torch.linspace(-4, 4, 2001, dtype=torch.float64)
    assert (spline(*as_images(grid, params))[0].flatten().diff() > 0).all()
    assert (spline.inverse(*as_images(grid, params))[0].flatten().diff() > 0).all()


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_at_knots_are_finite_and_correct(direction: str) -> None:
    """At the knots of the identity, and at the centers of its bins, where the inverse switches the form of the root."""
    spline = RationalQuadraticSpline(1, num_bins=8, bound=4.0)
    x, params = as_images(torch.arange(-5, 5.5, 0.5, dtype=torch.float64), torch.zeros(23, dtype=torch.float64))
    x, params = (value.clone().requires_grad_() for value in (x, params))
    y, log_derivative = getattr(spline, direction)(x, params)
    (slope,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    torch.testing.assert_close(slope, torch.ones_like(x))
    (log_derivative.sum() + y.square().sum()).backward()
    assert params.grad.isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_agree_with_finite_differences(direction: str) -> None:
    spline = RationalQuadraticSpline(2, num_bins=3)
    x, params = 2 * normal(2, 2, 1, 2), normal(2, 8, 2, 1, 2, seed=2)
    assert torch.autograd.gradcheck(getattr(spline, direction), (x.requires_grad_(), params.requires_grad_()))


@pytest.mark.parametrize("scale", [1, 5, 20])
def test_the_inverse_is_accurate_in_float32(scale: float) -> None:
    """For bins of all sizes, within the rounding that the slope of the curve allows."""
    spline = RationalQuadraticSpline(3)
    x, params = (3 * normal(8, 3, 8, 8)).float(), (scale * normal(8, 23, 3, 8, 8, seed=2)).float()
    y, log_derivative = spline(x, params)
    back, _ = spline.inverse(y, params)
    again, _ = spline(back, params)
    rounding = 1e-5
    assert ((back - x).abs() * log_derivative.exp().clamp(max=1) < rounding).all()
    assert ((again - y).abs() / log_derivative.exp().clamp(min=1) < rounding).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": 1}, "num_bins must be at least 2, got 1"),
        ({"bound": 0.0}, "bound must be positive and finite, got 0.0"),
        ({"bound": float("inf")}, "bound must be positive and finite, got inf"),
        ({"num_bins": 10, "min_width": 0.1}, "min_width must be in (0, 1 / num_bins), got 0.1 with 10 bins"),
        ({"min_height": 0.5}, "min_height must be in (0, 1 / num_bins), got 0.5 with 8 bins"),
        ({"min_height": 0.0}, "min_height must be in (0, 1 / num_bins), got 0.0 with 8 bins"),
        ({"min_derivative": 1.0}, "min_derivative must be in (0, 1), got 1.0"),
    ],
)
def test_invalid_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with complains(message):
        RationalQuadraticSpline(1, **arguments)
