from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from cases import MASKS, complains, gated, made, normal
from torch import Tensor, nn

from genera.flows import (
    Affine,
    ChannelCoupling,
    Coupling,
    Couplings,
    Squeeze,
    channel_halves,
    checkerboard,
    squeezed_checkerboard,
)
from genera.networks import GatedConvNet


class Fixed(nn.Module):
    """A conditioner that says the same whatever it sees."""

    def __init__(self, in_channels: int, out_channels: int, *, params: Tensor) -> None:
        super().__init__()
        assert params.shape[1] == out_channels
        self.params = params

    def forward(self, x: Tensor) -> Tensor:
        return self.params


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("odd", [False, True])
def test_an_affine_coupling_by_hand(mask: str, odd: bool) -> None:
    coupling = made(lambda: Coupling((4, 3, 3), mask=MASKS[mask], conditioner=gated, odd=odd))
    x, stays = normal(3, 4, 3, 3), MASKS[mask]((4, 3, 3), odd)
    s, t = coupling.conditioner(torch.where(stays, x, 0)).split(4, dim=1)
    bound = coupling.elementwise.log_bound.exp().view(4, 1, 1)
    s = torch.tanh(s / bound) * bound
    y, log_det = coupling(x)
    torch.testing.assert_close(y, torch.where(stays, x, (x + t) * torch.exp(s)))
    torch.testing.assert_close(log_det, torch.where(stays, 0, s).sum(dim=(1, 2, 3)))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("odd", [False, True])
def test_what_stays_decides_and_what_changes_does_not(mask: str, odd: bool) -> None:
    coupling = made(lambda: Coupling((4, 3, 3), mask=MASKS[mask], conditioner=gated, odd=odd))
    x, stays = normal(2, 4, 3, 3), MASKS[mask]((4, 3, 3), odd)
    y, log_det = coupling(x)
    assert torch.equal(y[:, stays], x[:, stays])
    assert (y[:, ~stays] != x[:, ~stays]).all()
    assert torch.equal(coupling(torch.where(stays, x, x + 1))[1], log_det)
    assert (coupling(torch.where(stays, x + 1, x))[1] != log_det).all()


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_checkerboard_is_a_channel_mask_on_the_squeezed_image(channels: int, odd: bool) -> None:
    """{0, 3} | {1, 2}: of every 2×2 block, one diagonal decides about the other."""
    shape, squeezed = (channels, 28, 28), (4 * channels, 14, 14)
    x, params = normal(2, *shape), normal(2, 2 * channels, 28, 28, seed=2)
    squeeze, log_bound = Squeeze(shape), 0.3 * normal(channels, seed=3)
    fine = Coupling(shape, mask=checkerboard, conditioner=partial(Fixed, params=params), odd=odd).double()
    # Of the parameters (scale, shift) of all channels, those of the channels that change.
    changes = ~squeezed_checkerboard(squeezed, odd)[:, 0, 0]
    changing = F.pixel_unshuffle(params, 2).unflatten(1, (2, -1))[:, :, changes].flatten(1, 2)
    conditioner = partial(Fixed, params=changing)
    coarse = ChannelCoupling(squeezed, mask=squeezed_checkerboard, conditioner=conditioner, odd=odd).double()
    with torch.no_grad():
        fine.elementwise.log_bound.copy_(log_bound)
        coarse.elementwise.log_bound.copy_(log_bound.repeat_interleave(2))
    for way in ("forward", "inverse"):
        y, log_det = getattr(fine, way)(x)
        expected, expected_log_det = getattr(coarse, way)(squeeze(x)[0])
        assert not torch.allclose(y, x)
        torch.testing.assert_close(squeeze(y)[0], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(log_det, expected_log_det, rtol=0, atol=1e-10)


@pytest.mark.parametrize("odd", [False, True])
def test_a_channel_coupling_sees_and_serves_half(odd: bool) -> None:
    coupling = made(lambda: ChannelCoupling((6, 2, 2), 2, mask=channel_halves, conditioner=gated, odd=odd))
    x, context, stays = normal(3, 6, 2, 2), normal(3, 2, 2, 2, seed=2), channel_halves((6, 2, 2), odd)[:, 0, 0]
    assert coupling.conditioner.first.in_channels == 3 + 2
    assert coupling.conditioner.last.out_channels == 2 * 3
    y, log_det = coupling(x, context)
    params = coupling.conditioner(torch.cat([x[:, stays], context], dim=1)).unflatten(1, (2, 3))
    expected, log_derivative = coupling.elementwise(x[:, ~stays], params)
    assert torch.equal(y[:, stays], x[:, stays])
    torch.testing.assert_close(y[:, ~stays], expected)
    torch.testing.assert_close(log_det, log_derivative.sum(dim=(1, 2, 3)))


@pytest.mark.parametrize("shape", [(4, 2, 2), (2, 4, 4)])
def test_a_mask_that_cuts_channels(shape: tuple[int, ...]) -> None:
    with complains("leaves some of the channels, whole", str(shape), "take Coupling, or squeeze first"):
        ChannelCoupling(shape, mask=checkerboard, conditioner=gated)


@pytest.mark.parametrize("stays", [True, False])
def test_a_mask_of_all_or_nothing(stays: bool) -> None:
    with complains("leaves some of the channels, whole, and not all", "(2, 2, 2)"):
        ChannelCoupling((2, 2, 2), mask=lambda shape, odd: torch.full(shape, stays), conditioner=gated)


def test_couplings_take_turns() -> None:
    couplings = made(lambda: Couplings((1, 4, 4), count=4, mask=checkerboard, conditioner=gated))
    first, second, third, fourth = (coupling.mask for coupling in couplings.chain.transforms)
    assert torch.equal(first, checkerboard((1, 4, 4)))
    assert torch.equal(first, third)
    assert torch.equal(second, ~first)
    assert torch.equal(fourth, ~third)


def test_fresh_couplings_are_the_identity() -> None:
    couplings = Couplings((2, 4, 4), count=2, mask=checkerboard, conditioner=GatedConvNet, elementwise=Affine)
    x = normal(2, 2, 4, 4).float()
    y, log_det = couplings(x)
    assert torch.equal(y, x)
    assert not log_det.any()


def test_an_elementwise_transform_never_sees_half_precision() -> None:
    class Recording(Affine):
        def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
            seen.append(params.dtype)
            return super().forward(x, params)

    seen: list[torch.dtype] = []
    coupling = Coupling((1, 2, 2), mask=checkerboard, conditioner=gated, elementwise=Recording)
    x = normal(2, 1, 2, 2).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert coupling.conditioner(x).dtype == torch.bfloat16
        coupling(x)
    assert seen == [torch.float32]


@pytest.mark.parametrize("count", [0, -2])
def test_no_couplings(count: int) -> None:
    with complains("count must be at least 1", str(count)):
        Couplings((1, 4, 4), count=count, mask=checkerboard, conditioner=gated)


def test_a_context_that_does_not_fit() -> None:
    coupling = Coupling((1, 2, 2), 3, mask=checkerboard, conditioner=gated)
    with complains("context (B, 3, 2, 2)", "got none"):
        coupling(torch.zeros(1, 1, 2, 2))
    with complains("context (B, 3, 2, 2)", "(1, 4, 2, 2)"):
        coupling.inverse(torch.zeros(1, 1, 2, 2), torch.zeros(1, 4))
    with complains("context (B, 3, 2, 2)", "(1, 3, 4, 4)"):
        coupling(torch.zeros(1, 1, 2, 2), torch.zeros(1, 3, 4, 4))


def test_a_context_is_heeded() -> None:
    coupling = made(lambda: Coupling((1, 2, 2), 3, mask=checkerboard, conditioner=gated))
    x = normal(1, 1, 2, 2)
    one, other = (coupling(x, torch.eye(3, dtype=torch.float64)[index : index + 1])[0] for index in (0, 1))
    assert not torch.allclose(one, other)
    spread = torch.eye(3, dtype=torch.float64)[:1].view(1, 3, 1, 1).expand(1, 3, 2, 2)
    torch.testing.assert_close(coupling(x, spread)[0], one)
