from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from cases import made, normal
from torch import nn

from genera.networks import GatedConvNet
from genera.networks.gated_conv import ChannelLayerNorm, GatedResidual, concat_elu


def test_concat_elu_by_hand() -> None:
    x = 2 * normal(2, 3, 4, 5)
    positive = torch.where(x > 0, x, x.exp() - 1)
    negative = torch.where(x < 0, -x, (-x).exp() - 1)
    torch.testing.assert_close(concat_elu(x), torch.cat([positive, negative], dim=1))


def test_channel_layer_norm_by_hand() -> None:
    norm, x = made(lambda: ChannelLayerNorm(5)), 3 + normal(2, 5, 3, 4)
    centered = x - x.mean(dim=1, keepdim=True)
    normalized = centered / (centered.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x), normalized * norm.weight[:, None, None] + norm.bias[:, None, None])


def test_channel_layer_norm_is_torchs_own_at_every_pixel() -> None:
    norm, x = made(lambda: ChannelLayerNorm(5)), normal(2, 5, 3, 4)
    other = nn.LayerNorm(5).double()
    other.load_state_dict(norm.state_dict())
    for row in range(3):
        for column in range(4):
            torch.testing.assert_close(norm(x)[:, :, row, column], other(x[:, :, row, column]))


def test_a_gated_residual_by_hand() -> None:
    block, x = made(lambda: GatedResidual(2)), normal(2, 2, 4, 4)
    h = F.conv2d(concat_elu(x), block.conv.weight, block.conv.bias, padding=1)
    a, b = F.conv2d(concat_elu(h), block.gate.weight, block.gate.bias).split(2, dim=1)
    torch.testing.assert_close(block(x), x + a.tanh() * b.sigmoid())


@pytest.mark.parametrize("num_blocks", [0, 3])
def test_the_output_starts_at_zero(num_blocks: int) -> None:
    network = GatedConvNet(2, 6, width=4, num_blocks=num_blocks).double()
    assert torch.equal(network(normal(3, 2, 5, 7)), torch.zeros(3, 6, 5, 7, dtype=torch.float64))


def test_a_step_leaves_zero() -> None:
    """Zeros everywhere in the last layer must not keep it there."""
    network = GatedConvNet(1, 2, width=4).double()
    network(normal(3, 1, 5, 5)).sum().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.any()
