from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from cases import made, normal
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from genera.networks import ResidualDecoder, ResidualEncoder
from genera.networks.residual_conv import ResidualBlock


def norm_relu(norm: nn.Module, x: Tensor) -> Tensor:
    """ReLU of the layer normalization of the channels."""
    return F.layer_norm(x.movedim(1, -1), x.shape[1:2], norm.weight, norm.bias).movedim(-1, 1).relu()


def residual(block: ResidualBlock, x: Tensor) -> Tensor:
    h = F.conv2d(norm_relu(block.norm, x), block.conv1.weight, block.conv1.bias, padding=1).relu()
    return x + F.conv2d(h, block.conv2.weight, block.conv2.bias, padding=1)


def layers_with_weights(network: ResidualEncoder | ResidualDecoder) -> list[nn.Module]:
    return [layer for layer in network.layers if list(layer.parameters())]


def test_the_encoder_by_hand() -> None:
    encoder, x = made(lambda: ResidualEncoder((2, 8, 6), 3, width=4, num_blocks=2)), normal(2, 2, 8, 6)
    first, down1, block1, block2, down2, block3, block4, norm, last = layers_with_weights(encoder)
    h = F.conv2d(x, first.weight, first.bias, padding=1).relu()
    h = F.conv2d(h, down1.weight, down1.bias, stride=2, padding=1)
    h = residual(block2, residual(block1, h))
    assert h.shape == (2, 4, 4, 3)
    h = F.conv2d(h, down2.weight, down2.bias, stride=2, padding=1)
    h = residual(block4, residual(block3, h))
    assert h.shape == (2, 8, 2, 2)
    torch.testing.assert_close(encoder(x), F.linear(norm_relu(norm, h).reshape(2, -1), last.weight, last.bias))


def test_the_decoder_by_hand() -> None:
    decoder, z = made(lambda: ResidualDecoder(3, (2, 8, 12), width=4, num_blocks=2)), normal(2, 3)
    first, block1, block2, up1, block3, block4, up2, norm, last = layers_with_weights(decoder)
    h = F.linear(z, first.weight, first.bias).view(2, 8, 2, 3)
    h = residual(block2, residual(block1, h)).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    h = F.conv2d(h, up1.weight, up1.bias, padding=1)
    assert h.shape == (2, 4, 4, 6)
    h = residual(block4, residual(block3, h)).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    h = norm_relu(norm, F.conv2d(h, up2.weight, up2.bias, padding=1))
    torch.testing.assert_close(decoder(z), F.conv2d(h, last.weight, last.bias, padding=1))


@pytest.mark.parametrize("num_blocks", [0, 3])
def test_both_sizes_have_residual_blocks(num_blocks: int) -> None:
    for network in (
        ResidualEncoder((1, 8, 8), 3, num_blocks=num_blocks),
        ResidualDecoder(3, (1, 8, 8), num_blocks=num_blocks),
    ):
        widths = [layer.conv1.in_channels for layer in network.layers if isinstance(layer, ResidualBlock)]
        assert sorted(widths) == num_blocks * [32] + num_blocks * [64]


def test_the_numbers_of_multiplications_in_the_docstrings() -> None:
    encoder, decoder = ResidualEncoder((1, 28, 28), 128), ResidualDecoder(128, (30, 28, 28))
    for network, x, millions in [(encoder, torch.zeros(1, 1, 28, 28), 18), (decoder, torch.zeros(1, 128), 32)]:
        with FlopCounterMode(display=False) as counter:
            network(x)
        assert round(counter.get_total_flops() / 2e6) == millions
