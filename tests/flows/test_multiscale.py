from __future__ import annotations

from functools import partial

import pytest
import torch
from cases import TRANSFORMS, complains, halved, made, normal

from genera.flows import Chain, Split, Squeeze, Squeezed


def test_the_channel_order_of_squeeze() -> None:
    x = torch.arange(2 * 3 * 4 * 6).view(2, 3, 4, 6)
    y, log_det = Squeeze((3, 4, 6))(x)
    assert y.shape == (2, 12, 2, 3)
    for c in range(3):
        for i in range(2):
            for j in range(2):
                for row in range(2):
                    for column in range(3):
                        assert torch.equal(y[:, 4 * c + 2 * i + j, row, column], x[:, c, 2 * row + i, 2 * column + j])
    assert torch.equal(y.flatten().sort().values, x.flatten())
    assert not log_det.any()


@pytest.mark.parametrize(("height", "width"), [(3, 4), (4, 3), (7, 7)])
def test_odd_sizes_cannot_be_squeezed(height: int, width: int) -> None:
    with complains("even height and width", f"{height}×{width}"):
        Squeeze((1, height, width))


def test_squeezed_squeezes_transforms_and_unsqueezes() -> None:
    squeezed, x, context = TRANSFORMS["Squeezed, context"]()
    squeeze, squeeze_context = Squeeze(x.shape[1:]), Squeeze(context.shape[1:])
    y, log_det = squeezed.chain(squeeze(x)[0], squeeze_context(context)[0])
    torch.testing.assert_close(squeezed(x, context)[0], squeeze.inverse(y)[0], rtol=0, atol=0)
    torch.testing.assert_close(squeezed(x, context)[1], log_det, rtol=0, atol=0)


def test_squeezed_checks_a_context_that_it_needs_and_ignores_others() -> None:
    squeezed, x, _ = TRANSFORMS["Squeezed, context"]()
    with complains("Squeezed needs a context (B, 2, 4, 4)", "none"):
        squeezed(x)
    with complains("Squeezed needs a context (B, 2, 4, 4)", "(3, 2)"):
        squeezed(x, torch.ones(3, 2))
    unconditional, x = TRANSFORMS["Squeezed"]()
    assert torch.equal(unconditional(x, torch.ones(len(x), 10))[0], unconditional(x)[0])


def test_squeezed_refuses_transforms_that_change_the_shape() -> None:
    with complains("keep the shape (4, 2, 2)", "(16, 1, 1)"):
        Squeezed((1, 4, 4), transforms=[lambda shape, context_channels: Squeeze(shape)])


def test_split_factors_out_the_second_half_and_appends_it() -> None:
    split, x = made(lambda: Split((4, 2, 2), transforms=[partial(halved, count=2)])), normal(3, 4, 2, 2)
    y, log_det = split(x)
    z, log_det_rest = split.rest(x[:, :2])
    assert split.out_shape == (16,)
    assert torch.equal(y[:, 8:], x[:, 2:].flatten(1))
    assert torch.equal(y[:, :8], z.flatten(1))
    assert torch.equal(log_det, log_det_rest)


@pytest.mark.parametrize("channels", [1, 3])
def test_odd_channels_cannot_be_split(channels: int) -> None:
    with complains("even number of channels", f"({channels}, 2, 2)"):
        Split((channels, 2, 2), transforms=[])


def test_the_latents_of_a_multi_scale_flow_are_its_scales() -> None:
    split = partial(Split, transforms=[Squeeze, partial(Split, transforms=[])])
    assert Chain((1, 8, 8), [Squeeze, split]).latent_shapes == [(4, 2, 2), (4, 2, 2), (2, 4, 4)]
    # Couplings after the last squeeze keep the shape, as does a flow of one scale.
    assert Chain((1, 8, 8), [Squeeze, partial(halved, count=1)]).latent_shapes == [(4, 4, 4)]
    assert Chain((1, 8, 8), []).latent_shapes == [(1, 8, 8)]
