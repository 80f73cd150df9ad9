from __future__ import annotations

import torch
import torch.nn.functional as F
from cases import made, normal
from torch import nn

from genera.networks import ConvDecoder, ConvEncoder


def with_weights_of(network: nn.Module, layers: list[nn.Module]) -> nn.Sequential:
    """``layers`` with the weights of ``network``, in the same order."""
    other = nn.Sequential(*layers).double()
    for parameter, value in zip(other.parameters(), network.parameters(), strict=True):
        parameter.data.copy_(value)
    return other


def test_the_encoder_matches_the_report() -> None:
    encoder, x = made(lambda: ConvEncoder((1, 28, 28), 128)), normal(2, 1, 28, 28)
    report = [
        *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.GELU()),
        *(nn.Conv2d(16, 16, 3, padding=1), nn.GELU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GELU()),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.GELU()),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 128)),
    ]
    torch.testing.assert_close(encoder(x), with_weights_of(encoder, report)(x))


def test_the_decoder_matches_the_report() -> None:
    decoder, z = made(lambda: ConvDecoder(128, (1, 28, 28))), normal(2, 128)
    report = [
        *(nn.Linear(128, 32 * 7 * 7), nn.Unflatten(1, (32, 7, 7))),
        *(nn.ConvTranspose2d(32, 32, 3, padding=1), nn.GELU(), nn.Upsample(scale_factor=2)),
        *(nn.ConvTranspose2d(32, 16, 3, padding=1), nn.GELU()),
        *(nn.ConvTranspose2d(16, 16, 3, padding=1), nn.GELU(), nn.Upsample(scale_factor=2)),
        nn.ConvTranspose2d(16, 1, 3, padding=1),
    ]
    torch.testing.assert_close(decoder(z), with_weights_of(decoder, report)(z))


def test_the_decoder_equals_convolutions_with_flipped_kernels() -> None:
    """A transposed convolution with stride 1 is a convolution with a flipped kernel."""
    decoder, z = made(lambda: ConvDecoder(3, (2, 8, 12), width=4)), normal(2, 3)
    linear, *transposed = (layer for layer in decoder.layers if hasattr(layer, "weight"))
    assert len(transposed) == 4
    h = F.linear(z, linear.weight, linear.bias).view(2, 8, 2, 3)
    for index, layer in enumerate(transposed):
        h = F.conv2d(h, layer.weight.flip(2, 3).transpose(0, 1), layer.bias, padding=1)
        if index < 3:
            h = h / 2 * (1 + torch.erf(h / 2**0.5))
        if index in (0, 2):
            h = h.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(decoder(z), h)


def test_halves_of_odd_sizes_are_rounded_up_and_the_decoder_restores_the_size() -> None:
    """7×5 to 4×3 to 2×2, and back."""
    assert ConvEncoder((1, 7, 5), 3, width=4).layers[-1].in_features == 8 * 2 * 2
    h = torch.arange(4.0).view(1, 1, 2, 2)
    half, full = (layer for layer in ConvDecoder(3, (1, 7, 5), width=4).layers if isinstance(layer, nn.Upsample))
    assert half(h)[0, 0].tolist() == [[0, 0, 1], [0, 0, 1], [2, 2, 3], [2, 2, 3]]
    assert full(half(h)).shape == (1, 1, 7, 5)


def test_the_number_of_parameters() -> None:
    encoder = (9 * 1 * 16 + 16) + (9 * 16 * 16 + 16) + (9 * 16 * 32 + 32) + (9 * 32 * 32 + 32) + (1568 * 128 + 128)
    decoder = (128 * 1568 + 1568) + (9 * 32 * 32 + 32) + (9 * 32 * 16 + 16) + (9 * 16 * 16 + 16) + (9 * 16 * 1 + 1)
    assert (encoder, decoder) == (217_200, 218_609)
    assert sum(parameter.numel() for parameter in ConvEncoder((1, 28, 28), 128).parameters()) == encoder
    assert sum(parameter.numel() for parameter in ConvDecoder(128, (1, 28, 28)).parameters()) == decoder
