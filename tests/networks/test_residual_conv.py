from __future__ import annotations

import torch
import torch.nn.functional as F
from cases import made, normal

from genera.networks import ResidualConvNet
from genera.networks.residual_conv import ResidualBlock


def test_a_residual_block_by_hand() -> None:
    block, x = made(lambda: ResidualBlock(3)), normal(2, 3, 4, 5)
    h = F.layer_norm(x.movedim(1, -1), (3,), block.norm.weight, block.norm.bias).movedim(-1, 1)
    h = F.conv2d(h.clamp(min=0), block.conv1.weight, block.conv1.bias, padding=1)
    h = F.conv2d(h.clamp(min=0), block.conv2.weight, block.conv2.bias, padding=1)
    torch.testing.assert_close(block(x), x + h)


def test_the_number_of_parameters() -> None:
    network = ResidualConvNet(2, 6, width=4, num_blocks=3)
    first, block, last = 9 * 2 * 4 + 4, 2 * (9 * 4 * 4 + 4) + 2 * 4, 9 * 4 * 6 + 6
    assert sum(parameter.numel() for parameter in network.parameters()) == first + 3 * block + last
