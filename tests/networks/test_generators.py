from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from cases import complains, made, normal
from torch import nn

from genera.networks import ConvGenerator, MlpGenerator


def test_the_mlp_generator_matches_the_report() -> None:
    generator, z = made(lambda: MlpGenerator(128, (1, 28, 28))), normal(4, 128)
    report = nn.Sequential(
        *(nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.BatchNorm1d(128)),
        *(nn.Linear(128, 256), nn.LeakyReLU(0.2), nn.BatchNorm1d(256)),
        *(nn.Linear(256, 512), nn.LeakyReLU(0.2), nn.BatchNorm1d(512)),
        *(nn.Linear(512, 1024), nn.LeakyReLU(0.2), nn.BatchNorm1d(1024)),
        *(nn.Linear(1024, 784), nn.Unflatten(1, (1, 28, 28))),
    ).double()
    assert repr(generator.layers) == repr(report)
    report.load_state_dict(generator.layers.state_dict())
    torch.testing.assert_close(generator(z), report(z))


def test_the_convolutional_generator_matches_the_report() -> None:
    """With one-hot class labels concatenated to the noise."""
    generator, z = made(lambda: ConvGenerator(128, (1, 28, 28), num_classes=10)), normal(4, 128)
    labels = F.one_hot(torch.tensor([0, 1, 9, 1]), 10).double()
    report = nn.Sequential(
        *(nn.Linear(138, 256 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (256, 7, 7))),
        *(nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU()),
        *(nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()),
        nn.Conv2d(64, 1, 3, padding=1),
    ).double()
    assert repr(generator.layers) == repr(report)
    report.load_state_dict(generator.layers.state_dict())
    torch.testing.assert_close(generator(z, labels), report(torch.cat([z, labels], dim=1)))


def test_the_generator_equals_convolutions_of_images_with_inserted_zeros() -> None:
    """A transposed convolution inserts zeros, pads by 4 - 1 - 1 and convolves with the flipped kernel."""
    generator, z = made(lambda: ConvGenerator(3, (2, 8, 4), width=2)).eval(), normal(4, 3)
    linear, up1, norm1, up2, norm2, last = (layer for layer in generator.layers if list(layer.parameters()))
    h = F.linear(z, linear.weight, linear.bias).relu().view(4, 8, 2, 1)
    for up, norm in [(up1, norm1), (up2, norm2)]:
        height, width = h.shape[2:]
        upsampled = h.new_zeros(*h.shape[:2], 2 * height - 1, 2 * width - 1)
        upsampled[:, :, ::2, ::2] = h
        h = F.conv2d(upsampled, up.weight.flip(2, 3).transpose(0, 1), padding=2)
        assert h.shape[2:] == (2 * height, 2 * width)
        # Initial running statistics are a mean of 0 and a variance of 1.
        h = (h / (1 + norm.eps) ** 0.5 * norm.weight[:, None, None] + norm.bias[:, None, None]).relu()
    torch.testing.assert_close(generator(z), F.conv2d(h, last.weight, last.bias, padding=1))


def test_the_number_of_parameters() -> None:
    hidden = sum(before * after + after + 2 * after for before, after in [(128, 128), (128, 256), (256, 512)])
    perceptron = hidden + (512 * 1024 + 1024 + 2 * 1024) + (1024 * 784 + 784)
    linear, last = 138 * 12_544 + 12_544, 9 * 64 * 1 + 1
    convolutional = linear + (16 * 256 * 128 + 2 * 128) + (16 * 128 * 64 + 2 * 64) + last
    assert (perceptron, convolutional) == (1_513_872, 2_399_937)
    for generator, count in [
        (MlpGenerator(128, (1, 28, 28)), perceptron),
        (ConvGenerator(128, (1, 28, 28), num_classes=10), convolutional),
    ]:
        assert sum(parameter.numel() for parameter in generator.parameters()) == count


@pytest.mark.parametrize("shape", [(3, 32, 16), (1, 8, 8), (2, 4, 12)])
def test_images_of_different_sizes(shape: tuple[int, int, int]) -> None:
    for generator in (ConvGenerator(6, shape, width=2), MlpGenerator(6, shape, widths=(5,))):
        assert generator(normal(3, 6).float()).shape == (3, *shape)


def test_an_mlp_generator_supports_every_size_and_may_be_linear() -> None:
    assert MlpGenerator(6, (1, 30, 7), widths=(5,))(normal(3, 6).float()).shape == (3, 1, 30, 7)
    linear = MlpGenerator(6, (1, 3, 3), widths=())
    torch.testing.assert_close(linear(2 * torch.ones(1, 6)) + linear(torch.zeros(1, 6)), 2 * linear(torch.ones(1, 6)))


def test_outputs_are_not_bounded() -> None:
    for generator in (MlpGenerator(2, (1, 4, 4), widths=(3,)), ConvGenerator(2, (1, 4, 4), width=1)):
        with torch.no_grad():
            list(generator.parameters())[-1].fill_(50)
        assert generator(normal(3, 2).float()).max() > 40


@pytest.mark.parametrize(("height", "width"), [(30, 30), (28, 6), (5, 8)])
def test_a_size_that_is_no_multiple_of_four_is_refused(height: int, width: int) -> None:
    with complains("multiples of 4", f"got {height}×{width}", "--data.size", "MlpGenerator"):
        ConvGenerator(2, (1, height, width))
