from __future__ import annotations

import pytest
import torch
from cases import NETWORKS, normal, perturb

from genera.networks import GatedConvNet, ResidualConvNet

conditioner = pytest.mark.parametrize("conditioner", [GatedConvNet, ResidualConvNet])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_and_the_input_get_a_finite_gradient(name: str) -> None:
    network, x = NETWORKS[name]()
    x.requires_grad_()
    network(x).square().sum().backward()
    for parameter, value in [("input", x), *network.named_parameters()]:
        assert value.grad is not None, parameter
        assert value.grad.isfinite().all(), parameter
        assert value.grad.any(), parameter


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_are_the_network(name: str) -> None:
    (trained, x), (fresh, _) = NETWORKS[name](), NETWORKS[name]()
    perturb(fresh, seed=5)
    assert not torch.equal(fresh(x), trained(x))
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh(x), trained(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_both_memory_formats_give_the_same(name: str) -> None:
    network, x = NETWORKS[name]()
    last = network(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(network(x.contiguous()), last, rtol=0, atol=1e-12)
    network, x = network.float(), x.float()
    both = network.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(both, NETWORKS[name]()[0].float()(x), rtol=0, atol=1e-5)


@conditioner
@pytest.mark.parametrize("num_blocks", [0, 3])
def test_a_conditioner_starts_at_zero(conditioner: type[GatedConvNet | ResidualConvNet], num_blocks: int) -> None:
    network = conditioner(2, 6, width=4, num_blocks=num_blocks).double()
    assert torch.equal(network(normal(3, 2, 5, 7)), torch.zeros(3, 6, 5, 7, dtype=torch.float64))


@conditioner
def test_a_step_leaves_zero(conditioner: type[GatedConvNet | ResidualConvNet]) -> None:
    """Zeros everywhere in the last layer must not keep it there."""
    network = conditioner(1, 2, width=4).double()
    network(normal(3, 1, 5, 5)).sum().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.any()
