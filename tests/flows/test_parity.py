"""The couplings against zuko's."""

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

#: zuko squashes its parameters so that slopes stay above this; so small that what is squashed can be undone exactly.
SLOPE = 1e-60


def unsquashed(value: Tensor, factor: float = 1.0) -> Tensor:
    """What zuko's ``w / (1 + |factor · w / log SLOPE|)`` takes to ``value``."""
    return value / (1 - (factor * value / math.log(SLOPE)).abs())


def zuko_affine(affine: Affine, params: Tensor, where: Tensor) -> zuko.Transform:
    bound = affine.log_bound.exp().view(-1, 1, 1)
    s, t = torch.tanh(params[:, 0] / bound) * bound, params[:, 1]
    return zuko.MonotonicAffineTransform((t * s.exp())[:, where], unsquashed(s[:, where]), slope=SLOPE)


def zuko_spline(spline: RationalQuadraticSpline, params: Tensor, where: Tensor) -> zuko.Transform:
    num_bins = spline.num_bins
    widths, heights, derivatives = params[:, :, where].movedim(1, -1).split([num_bins, num_bins, num_bins - 1], dim=-1)
    logits = []
    for raw, smallest in [(widths, spline.min_width), (heights, spline.min_height)]:
        shares = smallest + (1 - num_bins * smallest) * raw.softmax(dim=-1)
        logits.append(unsquashed(shares.log(), factor=2))
    slopes = spline.min_derivative + F.softplus(derivatives + math.log(math.exp(1 - spline.min_derivative) - 1))
    return zuko.MonotonicRQSTransform(*logits, unsquashed(slopes.log()), bound=spline.bound, slope=SLOPE)


ZUKO: dict[type[Elementwise], Callable[..., zuko.Transform]] = {
    Affine: zuko_affine,
    RationalQuadraticSpline: zuko_spline,
}


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["Affine", "RationalQuadraticSpline", "RationalQuadraticSpline, two bins"])
def test_an_elementwise_transform_is_zukos(name: str) -> None:
    elementwise, x, params = ELEMENTWISE[name]()
    everywhere = torch.ones(x.shape[1:], dtype=torch.bool)
    theirs = ZUKO[type(elementwise)](elementwise, params, everywhere)
    y, log_derivative = elementwise(x, params)
    expected, expected_log_derivative = theirs.call_and_ladj(x.flatten(1))
    close(y.flatten(1), expected)
    close(log_derivative.flatten(1), expected_log_derivative)
    back, log_derivative_back = elementwise.inverse(x, params)
    expected, expected_log_derivative = theirs.inv.call_and_ladj(x.flatten(1))
    close(back.flatten(1), expected)
    close(log_derivative_back.flatten(1), expected_log_derivative)


@pytest.mark.parametrize("elementwise", ZUKO)
@pytest.mark.parametrize("odd", [False, True])
def test_a_coupling_is_zukos(elementwise: type[Elementwise], odd: bool) -> None:
    shape = (2, 4, 4)
    coupling = made(
        lambda: Coupling(shape, mask=checkerboard, conditioner=GatedConvNet, elementwise=elementwise, odd=odd)
    )
    stays = checkerboard(shape, odd)

    def given(stay: Tensor) -> zuko.Transform:
        seen = stay.new_zeros(len(stay), *shape)
        seen[:, stays] = stay
        params = coupling.conditioner(seen).unflatten(1, (-1, shape[0]))
        return ZUKO[elementwise](coupling.elementwise, params, ~stays)

    theirs = zuko.CouplingTransform(given, stays.flatten())
    x = 2 * normal(3, *shape)
    for ours, zukos in [(coupling, theirs), (coupling.inverse, theirs.inv)]:
        y, log_det = ours(x)
        expected, expected_log_derivative = zukos.call_and_ladj(x.flatten(1))
        close(y.flatten(1), expected)
        close(log_det, expected_log_derivative.sum(dim=1))
