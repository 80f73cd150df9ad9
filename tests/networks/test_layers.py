from __future__ import annotations

import pytest
import torch
from cases import complains, made, normal
from torch import nn

from genera.networks.layers import ChannelLayerNorm, Dropout


def test_channel_layer_norm_by_hand() -> None:
    norm, x = made(lambda: ChannelLayerNorm(5)), 3 + normal(2, 5, 3, 4)
    centered = x - x.mean(dim=1, keepdim=True)
    normalized = centered / (centered.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x), normalized * norm.weight[:, None, None] + norm.bias[:, None, None])


def test_channel_layer_norm_equals_torchs_at_every_pixel() -> None:
    norm, x = made(lambda: ChannelLayerNorm(5)), normal(2, 5, 3, 4)
    other = nn.LayerNorm(5).double()
    other.load_state_dict(norm.state_dict())
    for row in range(3):
        for column in range(4):
            torch.testing.assert_close(norm(x)[:, :, row, column], other(x[:, :, row, column]))


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dropout_equals_torchs(p: float, memory_format: torch.memory_format) -> None:
    x = normal(8, 5, 4, 6).contiguous(memory_format=memory_format)
    torch.manual_seed(2)
    expected = nn.Dropout(p)(x)
    assert torch.equal(Dropout(p)(x, generator=torch.Generator().manual_seed(2)), expected)
    torch.manual_seed(2)
    assert torch.equal(Dropout(p)(x), expected)


def test_dropout_is_the_identity_in_evaluation_mode() -> None:
    x = normal(8, 5)
    assert torch.equal(Dropout(0.9).eval()(x), x)


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_a_dropout_probability_out_of_range_is_refused(p: float) -> None:
    with complains("in [0, 1)", str(p)):
        Dropout(p)
