from __future__ import annotations

from inspect import isfunction, signature

import pytest
import torch
from cases import MASKS, complains

import genera.flows
from genera.flows import Squeeze, channel_halves, checkerboard, squeezed_checkerboard

SHAPES = [(8, 4, 4), (4, 3, 5), (12, 1, 2)]


def test_every_exported_mask_is_tested_here() -> None:
    exported = {name: getattr(genera.flows, name) for name in genera.flows.__all__}
    masks = {
        name for name, export in exported.items() if isfunction(export) and "invert" in signature(export).parameters
    }
    assert masks == set(MASKS)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("shape", SHAPES)
def test_invert_swaps_the_halves(name: str, shape: tuple[int, ...]) -> None:
    mask, inverted = MASKS[name](shape, False), MASKS[name](shape, True)
    assert mask.dtype == inverted.dtype == torch.bool
    assert mask.shape == inverted.shape == shape
    assert torch.equal(mask, ~inverted)
    assert mask.any()
    assert inverted.any()
    assert torch.equal(MASKS[name](shape), mask)


def test_neighbours_on_a_checkerboard_differ() -> None:
    for shape in SHAPES:
        mask = checkerboard(shape)
        assert mask[:, 0, 0].all()
        assert (mask[:, 1:] != mask[:, :-1]).all()
        assert (mask[:, :, 1:] != mask[:, :, :-1]).all()


def test_channel_halves_consist_of_whole_channels() -> None:
    for channels in (2, 3, 4):
        mask = channel_halves((channels, 2, 3))
        assert mask.all(dim=(1, 2)).tolist() == [channel < channels // 2 for channel in range(channels)]
        assert torch.equal(mask.all(dim=(1, 2)), mask.any(dim=2).any(dim=1))


def test_channel_halves_of_one_channel_are_refused() -> None:
    with complains("at least 2 channels", "(1, 4, 4)"):
        channel_halves((1, 4, 4))


@pytest.mark.parametrize("invert", [False, True])
def test_a_squeezed_checkerboard_equals_squeezing_a_checkerboard(invert: bool) -> None:
    squeezed, _ = Squeeze((3, 4, 6))(checkerboard((3, 4, 6), invert)[None].float())
    assert torch.equal(squeezed_checkerboard((12, 2, 3), invert), squeezed[0].bool())


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_squeezed_checkerboard_of_an_unsqueezed_shape_is_refused(channels: int) -> None:
    with complains("a multiple of 4 channels", f"({channels}, 4, 4)", "squeeze first"):
        squeezed_checkerboard((channels, 4, 4))
