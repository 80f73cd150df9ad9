from __future__ import annotations

import pytest
import torch
from cases import complains
from torch import Tensor, nn
from torch.optim import Adam

from genera.optim.muon import Muon, orthogonalized


def parameter(*shape: int, seed: int = 0) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)))


def step(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], gradients: list[Tensor]) -> None:
    for one, gradient in zip(parameters, gradients, strict=True):
        one.grad = gradient.clone().view_as(one)
    optimizer.step()


def test_a_loaded_state_is_on_the_device_of_the_parameters() -> None:
    """Checkpoints are read onto the CPU; the step counts must move too, as Adam's fused step requires."""
    kernels, elsewhere = [parameter(16, 16, 3, 3), parameter(16)], [parameter(16, 16, 3, 3), parameter(16)]
    before = Muon(kernels)
    step(before, kernels, [torch.ones_like(one) for one in kernels])
    after = Muon([nn.Parameter(one.to("meta")) for one in elsewhere])
    after.load_state_dict(before.state_dict())
    devices = [value.device.type for state in after.state.values() for value in state.values()]
    assert devices == ["meta"] * 4


@pytest.mark.parametrize("shape", [(4, 7, 5), (4, 5, 7), (1, 16, 16)])
def test_singular_values_are_near_one(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    result = orthogonalized(matrices)
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.3
    assert values.max() < 1.3
    # The singular vectors are the same, so the product with them is diagonal.
    inner = left.mT @ result @ right.mT
    off_diagonal = inner - torch.diag_embed(inner.diagonal(dim1=1, dim2=2))
    assert off_diagonal.abs().max() < 0.05


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has no Muon to compare with")
def test_kernels_take_the_steps_of_pytorchs_muon() -> None:
    matrices = [parameter(16, 20 * 9, seed=1), parameter(16, 20 * 9, seed=2), parameter(32, 16, seed=3)]
    shapes = [(16, 20, 3, 3), (16, 20, 3, 3), (32, 16, 1, 1)]
    kernels = [nn.Parameter(one.detach().clone().view(shape)) for one, shape in zip(matrices, shapes, strict=True)]
    theirs = torch.optim.Muon(matrices, lr=0.02, momentum=0.9, weight_decay=0.3, adjust_lr_fn="match_rms_adamw")
    ours = Muon(kernels, lr=0.02, momentum=0.9, weight_decay=0.3)
    for index in range(3):
        gradients = [parameter(*one.shape, seed=10 * index + 1).detach() for one in matrices]
        step(theirs, matrices, gradients)
        step(ours, kernels, gradients)
    for one, other in zip(matrices, kernels, strict=True):
        torch.testing.assert_close(other.flatten(1), one, rtol=0, atol=1e-6)


def test_everything_else_takes_the_steps_of_adam() -> None:
    """A first layer, an output of few channels, a bias, and the matrix of an invertible convolution."""
    shapes = [(32, 2, 3, 3), (8, 32, 1, 1), (32,), (24, 24)]
    ours = [parameter(*shape) for shape in shapes]
    theirs = [parameter(*shape) for shape in shapes]
    muon, adam = Muon(ours, lr=0.02), Adam(theirs, lr=0.02, betas=(0.9, 0.99))
    for index in range(3):
        gradients = [parameter(*shape, seed=index + 1).detach() for shape in shapes]
        step(muon, ours, gradients)
        step(adam, theirs, gradients)
    for one, other in zip(theirs, ours, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-6, atol=1e-7)


def test_it_resumes_from_its_state() -> None:
    shapes = [(16, 16, 3, 3), (5,)]
    gradients = [parameter(*shape, seed=1).detach() for shape in shapes]
    whole, parts = [parameter(*shape) for shape in shapes], [parameter(*shape) for shape in shapes]
    straight, first = Muon(whole), Muon(parts)
    step(straight, whole, gradients)
    step(first, parts, gradients)
    second = Muon(parts)
    second.load_state_dict(first.state_dict())
    step(straight, whole, gradients)
    step(second, parts, gradients)
    assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_a_closure_gives_the_loss() -> None:
    weight = parameter(16, 16, 3, 3)
    optimizer = Muon([weight])

    def closure() -> float:
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss.item()

    losses = [optimizer.step(closure) for _ in range(20)]
    assert losses == sorted(losses, reverse=True)


def test_parameters_without_gradients_stay_the_same() -> None:
    kernel, bias = parameter(16, 16, 3, 3), parameter(3)
    before = kernel.detach().clone(), bias.detach().clone()
    Muon([kernel, bias]).step()
    assert torch.equal(kernel, before[0])
    assert torch.equal(bias, before[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lr": 0.0}, "lr must be positive"),
        ({"momentum": 1.0}, "momentum"),
        ({"betas": (0.9, 1.5)}, "betas[1]"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"eps": 0.0}, "eps"),
        ({"min_features": 0}, "min_features"),
    ],
)
def test_values_out_of_range(arguments: dict[str, object], message: str) -> None:
    with complains(message):
        Muon([parameter(3)], **arguments)
