from __future__ import annotations

import torch
from cases import made, normal
from torch import nn

from genera.networks.channel_norm import ChannelLayerNorm


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
