from __future__ import annotations

import pytest
import torch
from cases import made, normal

from genera.flows import Coupling, channel_halves
from genera.networks import Mlp


def test_values_by_hand() -> None:
    network, x = made(lambda: Mlp(2, 3, width=4, depth=2)), normal(3, 2, 5, 4)
    *hidden, last = [layer for layer in network.modules() if hasattr(layer, "weight")]
    assert len(hidden) == 2
    h = x
    for layer in hidden:
        h = torch.einsum("oi,bihw->bohw", layer.weight, h) + layer.bias[:, None, None]
        h = h / 2 * (1 + torch.erf(h / 2**0.5))
    torch.testing.assert_close(network(x), torch.einsum("oi,bihw->bohw", last.weight, h) + last.bias[:, None, None])


def test_the_number_of_parameters() -> None:
    network = Mlp(2, 6, width=4, depth=3)
    assert sum(parameter.numel() for parameter in network.parameters()) == (2 * 4 + 4) + 2 * (4 * 4 + 4) + (4 * 6 + 6)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_initial_output_is_zero_and_has_a_gradient(depth: int) -> None:
    network = Mlp(2, 6, width=4, depth=depth).double()
    y = network(normal(3, 2, 5, 7))
    assert torch.equal(y, torch.zeros(3, 6, 5, 7, dtype=torch.float64))
    y.sum().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.any()


def test_a_coupling_of_vectors_starts_as_the_identity() -> None:
    coupling, x = Coupling((5, 1, 1), mask=channel_halves, conditioner=Mlp).double(), normal(3, 5, 1, 1)
    y, log_det = coupling(x)
    assert torch.equal(y, x)
    assert torch.equal(log_det, torch.zeros_like(log_det))
