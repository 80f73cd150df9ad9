from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from cases import MASKS, channel_coupling, complains, gated, made, normal
from torch import Tensor, nn

from genera.flows import (
    Affine,
    Coupling,
    Couplings,
    Squeeze,
    channel_halves,
    checkerboard,
    squeezed_checkerboard,
)
from genera.networks import GatedConvNet


class ConstantConditioner(nn.Module):
    """A conditioner whose output does not depend on its input."""

    def __init__(self, in_channels: int, out_channels: int, *, params: Tensor) -> None:
        super().__init__()
        assert params.shape[1] == out_channels
        self.params = params

    def forward(self, x: Tensor) -> Tensor:
        return self.params


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("invert", [False, True])
def test_an_affine_coupling_by_hand(mask: str, invert: bool) -> None:
    coupling = made(lambda: Coupling((4, 3, 3), mask=MASKS[mask], conditioner=gated, invert=invert))
    x, unchanged = normal(3, 4, 3, 3), MASKS[mask]((4, 3, 3), invert)
    s, t = coupling.conditioner(torch.where(unchanged, x, 0)).split(4, dim=1)
    bound = coupling.elementwise.log_bound.exp().view(4, 1, 1)
    s = torch.tanh(s / bound) * bound
    y, log_det = coupling(x)
    torch.testing.assert_close(y, torch.where(unchanged, x, (x + t) * torch.exp(s)))
    torch.testing.assert_close(log_det, torch.where(unchanged, 0, s).sum(dim=(1, 2, 3)))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("invert", [False, True])
def test_the_log_determinant_depends_on_the_unchanged_values_only(mask: str, invert: bool) -> None:
    coupling = made(lambda: Coupling((4, 3, 3), mask=MASKS[mask], conditioner=gated, invert=invert))
    x, unchanged = normal(2, 4, 3, 3), MASKS[mask]((4, 3, 3), invert)
    y, log_det = coupling(x)
    assert torch.equal(y[:, unchanged], x[:, unchanged])
    assert (y[:, ~unchanged] != x[:, ~unchanged]).all()
    assert torch.equal(coupling(torch.where(unchanged, x, x + 1))[1], log_det)
    assert (coupling(torch.where(unchanged, x + 1, x))[1] != log_det).all()


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_checkerboard_is_a_channel_mask_on_the_squeezed_image(channels: int, invert: bool) -> None:
    """{0, 3} | {1, 2}: in every 2×2 block, one diagonal parameterizes the transform of the other."""
    shape, squeezed = (channels, 28, 28), (4 * channels, 14, 14)
    x, params = normal(2, *shape), normal(2, 2 * channels, 28, 28, seed=2)
    squeeze, log_bound = Squeeze(shape), 0.3 * normal(channels, seed=3)
    fine = Coupling(
        shape, mask=checkerboard, conditioner=partial(ConstantConditioner, params=params), invert=invert
    ).double()
    # The parameters (scale, shift) of the transformed channels.
    transformed = ~squeezed_checkerboard(squeezed, invert)[:, 0, 0]
    transformed_params = F.pixel_unshuffle(params, 2).unflatten(1, (2, -1))[:, :, transformed].flatten(1, 2)
    conditioner = partial(ConstantConditioner, params=transformed_params)
    coarse = channel_coupling(squeezed, mask=squeezed_checkerboard, conditioner=conditioner, invert=invert).double()
    with torch.no_grad():
        fine.elementwise.log_bound.copy_(log_bound)
        coarse.elementwise.log_bound.copy_(log_bound.repeat_interleave(2))
    for direction in ("forward", "inverse"):
        y, log_det = getattr(fine, direction)(x)
        expected, expected_log_det = getattr(coarse, direction)(squeeze(x)[0])
        assert not torch.allclose(y, x)
        torch.testing.assert_close(squeeze(y)[0], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(log_det, expected_log_det, rtol=0, atol=1e-10)


@pytest.mark.parametrize("invert", [False, True])
def test_a_channel_coupling_computes_parameters_of_half_the_channels(invert: bool) -> None:
    coupling = made(lambda: channel_coupling((6, 2, 2), 2, mask=channel_halves, invert=invert))
    x, context = normal(3, 6, 2, 2), normal(3, 2, 2, 2, seed=2)
    unchanged = channel_halves((6, 2, 2), invert)[:, 0, 0]
    assert coupling.conditioner.first.in_channels == 3 + 2
    assert coupling.conditioner.last.out_channels == 2 * 3
    y, log_det = coupling(x, context)
    params = coupling.conditioner(torch.cat([x[:, unchanged], context], dim=1)).unflatten(1, (2, 3))
    expected, log_derivative = coupling.elementwise(x[:, ~unchanged], params)
    assert torch.equal(y[:, unchanged], x[:, unchanged])
    torch.testing.assert_close(y[:, ~unchanged], expected)
    torch.testing.assert_close(log_det, log_derivative.sum(dim=(1, 2, 3)))


@pytest.mark.parametrize("shape", [(4, 2, 2), (2, 4, 4)])
def test_a_channel_coupling_refuses_a_mask_within_channels(shape: tuple[int, ...]) -> None:
    with complains("a mask of whole channels", str(shape), "omit whole_channels, or squeeze first"):
        channel_coupling(shape, mask=checkerboard)


@pytest.mark.parametrize("unchanged", [True, False])
def test_a_channel_coupling_refuses_a_mask_of_all_or_no_channels(unchanged: bool) -> None:
    with complains("selects some and not all", "(2, 2, 2)"):
        channel_coupling((2, 2, 2), mask=lambda shape, invert: torch.full(shape, unchanged))


def test_couplings_alternate_the_halves() -> None:
    couplings = made(lambda: Couplings((1, 4, 4), count=4, mask=checkerboard, conditioner=gated))
    first, second, third, fourth = (coupling.halves.mask for coupling in couplings.chain.transforms)
    assert torch.equal(first, checkerboard((1, 4, 4)))
    assert torch.equal(first, third)
    assert torch.equal(second, ~first)
    assert torch.equal(fourth, ~third)


def test_couplings_are_initially_the_identity() -> None:
    couplings = Couplings((2, 4, 4), count=2, mask=checkerboard, conditioner=GatedConvNet, elementwise=Affine)
    x = normal(2, 2, 4, 4).float()
    y, log_det = couplings(x)
    assert torch.equal(y, x)
    assert not log_det.any()


def test_an_elementwise_transform_runs_in_float32_under_autocast() -> None:
    class Recording(Affine):
        def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
            dtypes.append(params.dtype)
            return super().forward(x, params)

    dtypes: list[torch.dtype] = []
    coupling = Coupling((1, 2, 2), mask=checkerboard, conditioner=gated, elementwise=Recording)
    x = normal(2, 1, 2, 2).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert coupling.conditioner(x).dtype == torch.bfloat16
        coupling(x)
    assert dtypes == [torch.float32]


@pytest.mark.parametrize("count", [0, -2])
def test_a_count_below_one_is_refused(count: int) -> None:
    with complains("count must be at least 1", str(count)):
        Couplings((1, 4, 4), count=count, mask=checkerboard, conditioner=gated)


def test_a_missing_or_wrong_context_is_refused() -> None:
    coupling = Coupling((1, 2, 2), 3, mask=checkerboard, conditioner=gated)
    with complains("context (B, 3, 2, 2)", "got none"):
        coupling(torch.zeros(1, 1, 2, 2))
    with complains("context (B, 3, 2, 2)", "(1, 4, 2, 2)"):
        coupling.inverse(torch.zeros(1, 1, 2, 2), torch.zeros(1, 4))
    with complains("context (B, 3, 2, 2)", "(1, 3, 4, 4)"):
        coupling(torch.zeros(1, 1, 2, 2), torch.zeros(1, 3, 4, 4))


def test_the_output_depends_on_the_context() -> None:
    coupling = made(lambda: Coupling((1, 2, 2), 3, mask=checkerboard, conditioner=gated))
    x = normal(1, 1, 2, 2)
    one, other = (coupling(x, torch.eye(3, dtype=torch.float64)[index : index + 1])[0] for index in (0, 1))
    assert not torch.allclose(one, other)
    planes = torch.eye(3, dtype=torch.float64)[:1].view(1, 3, 1, 1).expand(1, 3, 2, 2)
    torch.testing.assert_close(coupling(x, planes)[0], one)
