from __future__ import annotations

import pytest
import torch
from cases import NETWORKS, complains, normal, perturb
from torch import Tensor, nn

from genera.networks import (
    ConvDecoder,
    ConvEncoder,
    GatedConvNet,
    ResidualConvNet,
    ResidualDecoder,
    ResidualEncoder,
)

conditioner = pytest.mark.parametrize("conditioner", [GatedConvNet, ResidualConvNet])
encoder = pytest.mark.parametrize("encoder", [ConvEncoder, ResidualEncoder])
decoder = pytest.mark.parametrize("decoder", [ConvDecoder, ResidualDecoder])
shape = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 16), (2, 5, 7), (1, 4, 4)])


def channels_last(x: Tensor) -> Tensor:
    """``x`` in channels-last format if it is an image; vectors have no memory format."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def output(network: nn.Module, *inputs: Tensor) -> Tensor:
    """The output as one tensor; logits and features of a discriminator are concatenated."""
    outputs = network(*inputs)
    return torch.cat([values.flatten() for values in outputs]) if isinstance(outputs, tuple) else outputs


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_and_input_gets_a_finite_gradient(name: str) -> None:
    network, *inputs = NETWORKS[name]()
    inputs = [x.requires_grad_() for x in inputs]
    output(network, *inputs).square().sum().backward()
    for parameter, value in [*enumerate(inputs), *network.named_parameters()]:
        assert value.grad is not None, parameter
        assert value.grad.isfinite().all(), parameter
        assert value.grad.any(), parameter


@pytest.mark.parametrize("name", NETWORKS)
def test_the_state_dict_determines_the_output(name: str) -> None:
    (trained, *inputs), (fresh, *_) = NETWORKS[name](), NETWORKS[name]()
    perturb(fresh, seed=5)
    assert not torch.equal(output(fresh, *inputs), output(trained, *inputs))
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(output(fresh, *inputs), output(trained, *inputs))


@pytest.mark.parametrize("name", NETWORKS)
def test_both_memory_formats_give_the_same_output(name: str) -> None:
    network, x, *labels = NETWORKS[name]()
    expected = output(network, x.contiguous(), *labels)
    torch.testing.assert_close(expected, output(network, channels_last(x), *labels), rtol=0, atol=1e-12)
    network, x, *labels = (value.float() for value in NETWORKS[name]())
    expected = output(network, x, *labels)
    got = output(network.to(memory_format=torch.channels_last), channels_last(x), *labels)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@conditioner
@pytest.mark.parametrize("num_blocks", [0, 3])
def test_the_initial_output_is_zero(conditioner: type[GatedConvNet | ResidualConvNet], num_blocks: int) -> None:
    network = conditioner(2, 6, width=4, num_blocks=num_blocks).double()
    assert torch.equal(network(normal(3, 2, 5, 7)), torch.zeros(3, 6, 5, 7, dtype=torch.float64))


@conditioner
def test_the_last_layer_of_a_conditioner_initially_has_a_gradient(
    conditioner: type[GatedConvNet | ResidualConvNet],
) -> None:
    network = conditioner(1, 2, width=4).double()
    network(normal(3, 1, 5, 5)).sum().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.any()


@encoder
@shape
def test_an_encoder_takes_images_of_every_size(
    encoder: type[ConvEncoder | ResidualEncoder], shape: tuple[int, int, int]
) -> None:
    assert encoder(shape, 6, width=4)(normal(2, *shape).float()).shape == (2, 6)


@decoder
@shape
def test_a_decoder_returns_images_of_every_size(
    decoder: type[ConvDecoder | ResidualDecoder], shape: tuple[int, int, int]
) -> None:
    images = decoder(6, shape, width=4)(normal(2, 6).float())
    assert images.shape == (2, *shape)
    assert images.isfinite().all()


@pytest.mark.parametrize(("height", "width"), [(3, 8), (8, 3), (1, 1)])
def test_images_that_are_too_small_are_refused(height: int, width: int) -> None:
    for encoder in (ConvEncoder, ResidualEncoder):
        with complains("at least 4 pixels high and wide", f"got {height}×{width}"):
            encoder((1, height, width), 2)
    for decoder in (ConvDecoder, ResidualDecoder):
        with complains("at least 4 pixels high and wide", f"got {height}×{width}"):
            decoder(2, (1, height, width))
