"""The couplings compared with zuko's."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from cases import ELEMENTWISE, made, normal
from torch import Tensor
from zuko import transforms as zuko

from genera.flows import Affine, Coupling, Elementwise, RationalQuadraticSpline, checkerboard
from genera.networks import GatedConvNet

#: zuko bounds its parameters so that slopes are above this value, which is so small that the bound can be inverted.
SLOPE = 1e-60


def unbounded(value: Tensor, factor: float = 1.0) -> Tensor:
    """The ``w`` with ``w / (1 + |factor · w / log SLOPE|) = value``, the inverse of zuko's bound."""
    return value / (1 - (factor * value / math.log(SLOPE)).abs())


def zuko_affine(affine: Affine, params: Tensor, where: Tensor) -> zuko.Transform:
    bound = affine.log_bound.exp().view(-1, 1, 1)
    s, t = torch.tanh(params[:, 0] / bound) * bound, params[:, 1]
    return zuko.MonotonicAffineTransform((t * s.exp())[:, where], unbounded(s[:, where]), slope=SLOPE)


def zuko_spline(spline: RationalQuadraticSpline, params: Tensor, where: Tensor) -> zuko.Transform:
    num_bins = spline.num_bins
    widths, heights, derivatives = params[:, :, where].movedim(1, -1).split([num_bins, num_bins, num_bins - 1], dim=-1)
    logits = []
    for raw, smallest in [(widths, spline.min_width), (heights, spline.min_height)]:
        sizes = smallest + (1 - num_bins * smallest) * raw.softmax(dim=-1)
        logits.append(unbounded(sizes.log(), factor=2))
    slopes = spline.min_derivative + F.softplus(derivatives + math.log(math.exp(1 - spline.min_derivative) - 1))
    return zuko.MonotonicRQSTransform(*logits, unbounded(slopes.log()), bound=spline.bound, slope=SLOPE)


ZUKO: dict[type[Elementwise], Callable[..., zuko.Transform]] = {
    Affine: zuko_affine,
    RationalQuadraticSpline: zuko_spline,
}


def assert_equal(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["Affine", "RationalQuadraticSpline", "RationalQuadraticSpline, two bins"])
def test_elementwise_transforms_agree_with_zuko(name: str) -> None:
    elementwise, x, params = ELEMENTWISE[name]()
    everywhere = torch.ones(x.shape[1:], dtype=torch.bool)
    theirs = ZUKO[type(elementwise)](elementwise, params, everywhere)
    y, log_derivative = elementwise(x, params)
    expected, expected_log_derivative = theirs.call_and_ladj(x.flatten(1))
    assert_equal(y.flatten(1), expected)
    assert_equal(log_derivative.flatten(1), expected_log_derivative)
    back, log_derivative_back = elementwise.inverse(x, params)
    expected, expected_log_derivative = theirs.inv.call_and_ladj(x.flatten(1))
    assert_equal(back.flatten(1), expected)
    assert_equal(log_derivative_back.flatten(1), expected_log_derivative)


@pytest.mark.parametrize("elementwise", ZUKO)
@pytest.mark.parametrize("invert", [False, True])
def test_couplings_agree_with_zuko(elementwise: type[Elementwise], invert: bool) -> None:
    shape = (2, 4, 4)
    coupling = made(
        lambda: Coupling(shape, mask=checkerboard, conditioner=GatedConvNet, elementwise=elementwise, invert=invert)
    )
    mask = checkerboard(shape, invert)

    def transform_given(unchanged: Tensor) -> zuko.Transform:
        masked = unchanged.new_zeros(len(unchanged), *shape)
        masked[:, mask] = unchanged
        params = coupling.conditioner(masked).unflatten(1, (-1, shape[0]))
        return ZUKO[elementwise](coupling.elementwise, params, ~mask)

    theirs = zuko.CouplingTransform(transform_given, mask.flatten())
    x = 2 * normal(3, *shape)
    for ours, zukos in [(coupling, theirs), (coupling.inverse, theirs.inv)]:
        y, log_det = ours(x)
        expected, expected_log_derivative = zukos.call_and_ladj(x.flatten(1))
        assert_equal(y.flatten(1), expected)
        assert_equal(log_det, expected_log_derivative.sum(dim=1))
