from __future__ import annotations

import torch
import torch.nn.functional as F
from cases import complains, made, normal

from genera.networks import ConvNet


def test_two_layers_by_hand() -> None:
    network, x = made(lambda: ConvNet(2, 3, width=4, depth=2)), normal(2, 2, 4, 5)
    h = x
    for conv in (network.layers[0], network.layers[2]):
        h = F.gelu(F.conv2d(h, conv.weight, conv.bias, padding=1))
    expected = torch.einsum("oi,bihw->bohw", network.last.weight[:, :, 0, 0], h) + network.last.bias[:, None, None]
    torch.testing.assert_close(network(x), expected)


def test_the_number_of_parameters() -> None:
    network = ConvNet(2, 6, width=4, depth=3)
    first, hidden, last = 9 * 2 * 4 + 4, 9 * 4 * 4 + 4, 4 * 6 + 6
    assert sum(parameter.numel() for parameter in network.parameters()) == first + 2 * hidden + last


def test_the_initial_output_is_zero() -> None:
    assert not ConvNet(2, 3, width=4)(torch.randn(2, 2, 4, 4)).any()


def test_sizes_below_one_are_refused() -> None:
    with complains("width must be at least 1", "0"):
        ConvNet(1, 1, width=0)
    with complains("depth must be at least 1", "0"):
        ConvNet(1, 1, depth=0)
