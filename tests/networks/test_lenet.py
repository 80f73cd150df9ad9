from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from cases import NETWORKS, complains, made, normal

from genera.networks import LeNet


def test_the_layers_by_hand() -> None:
    """In training mode, with batch statistics."""
    network, x = made(lambda: LeNet((1, 12, 8), 3, width=4, num_features=5, dropout=0.0)), normal(4, 1, 12, 8)
    convolutions = [layer.weight for layer in network.features if isinstance(layer, torch.nn.Conv2d)]
    norms = [layer for layer in network.features if isinstance(layer, torch.nn.BatchNorm2d)]
    h = x
    for index, (weight, norm) in enumerate(zip(convolutions, norms, strict=True)):
        h = F.conv2d(h, weight, padding=weight.shape[-1] // 2)
        if index < 2:
            h = h.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax(dim=(3, 5))
        mean, variance = h.mean(dim=(0, 2, 3), keepdim=True), h.var(dim=(0, 2, 3), keepdim=True, correction=0)
        h = (h - mean) / (variance + 1e-5).sqrt() * norm.weight.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)
        h = h.relu()
    assert h.shape == (4, 8, 3, 2)
    hidden, last = network.features[-2], network.head[-1]
    features = (h.flatten(1) @ hidden.weight.T + hidden.bias).relu()
    torch.testing.assert_close(network.features(x), features)
    torch.testing.assert_close(network(x), features @ last.weight.T + last.bias)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 16), (2, 5, 7), (1, 4, 4)])
def test_it_takes_images_of_every_size(shape: tuple[int, int, int]) -> None:
    network, x = LeNet(shape, 6, width=4, num_features=7), normal(2, *shape).float()
    assert network.features(x).shape == (2, 7)
    assert network(x).shape == (2, 6)
    with complains("at least 4 pixels high and wide", "got 3×8"):
        LeNet((1, 3, 8), 2)


def test_only_in_training_outputs_are_random_and_depend_on_the_batch() -> None:
    network, x = NETWORKS["LeNet"]()
    assert torch.equal(network(x), network(x))
    torch.testing.assert_close(network(x)[:1], network(x[:1]))
    network.train()
    assert not torch.equal(network(x), network(x))


def test_the_noise_comes_from_the_generator() -> None:
    network, x = NETWORKS["LeNet"]()
    network.train()
    before = torch.get_rng_state()
    first, again, other = (network(x, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_size_of_the_weights() -> None:
    convolutions = 25 * 1 * 32 + 9 * 32 * 64 + 9 * 64 * 64
    count = convolutions + 2 * (32 + 64 + 64) + (7 * 7 * 64 * 128 + 128) + (128 * 10 + 10)
    network = LeNet((1, 28, 28), 10)
    assert sum(parameter.numel() for parameter in network.parameters()) == count == 459_242
    assert sum(value.nbytes for value in network.state_dict().values()) < 2e6
