from __future__ import annotations

import copy
import math
from functools import partial

import pytest
import torch
from cases import PENALTIES, complains, made, normal, uniform
from torch import Tensor, nn

from genera.core import Fakes
from genera.gans import R1, GradientPenalty, Penalty
from genera.gans.penalties import check_batch_independent
from genera.networks import ConvDiscriminator, MlpDiscriminator, PatchDiscriminator

SHAPE = (2, 3, 2)
REAL, FAKE = 2 * uniform(4, *SHAPE) - 1, 2 * uniform(4, *SHAPE, seed=2) - 1
FAKES = Fakes(FAKE, latents=normal(4, 3))


class LinearDiscriminator:
    """Records its input; its gradient is ``weight`` everywhere, or zero if that is None."""

    def __init__(self, weight: Tensor | None = None) -> None:
        self.weight = torch.zeros(SHAPE, dtype=torch.float64) if weight is None else weight

    def __call__(self, x: Tensor) -> Tensor:
        self.points = x.detach()
        return (x * self.weight).flatten(1).sum(dim=1)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2, 3, 2), nn.Softplus(), nn.Flatten(), nn.Linear(6, 1), nn.Flatten(0))


def test_penalties_of_a_linear_discriminator_by_hand() -> None:
    """Its gradient is the same everywhere, and so is the penalty."""
    weight = normal(*SHAPE)
    norm = weight.norm().item()
    for penalty, value, gradient in (
        (GradientPenalty(3.0), 3 * (norm - 1) ** 2, 6 * (1 - 1 / norm) * weight),
        (R1(3.0), 1.5 * norm**2, 3 * weight),
        (GradientPenalty(), 10 * (norm - 1) ** 2, 20 * (1 - 1 / norm) * weight),
        (R1(), 5 * norm**2, 10 * weight),
    ):
        leaf = weight.clone().requires_grad_()
        values = penalty(LinearDiscriminator(leaf), REAL, FAKES)
        values.mean().backward()
        torch.testing.assert_close(values.detach(), torch.full((4,), value, dtype=torch.float64))
        torch.testing.assert_close(leaf.grad, gradient)


def test_penalties_of_a_quadratic_discriminator_by_hand() -> None:
    """``½ xᵀ A x`` has the gradient ``½ (A + Aᵀ) x``, which differs from point to point."""
    points = []

    def discriminator(x: Tensor) -> Tensor:
        points.append(x.detach().flatten(1))
        return 0.5 * torch.einsum("bi,ij,bj->b", x.flatten(1), matrix, x.flatten(1))

    for penalty, penalty_of_norm in (
        (GradientPenalty(3.0), lambda norm: 3 * (norm - 1) ** 2),
        (R1(3.0), lambda norm: 1.5 * norm**2),
    ):
        matrix = normal(12, 12).requires_grad_()
        values = penalty(discriminator, REAL, FAKES)
        expected = penalty_of_norm((0.5 * points[-1] @ (matrix + matrix.T)).square().sum(dim=1).sqrt())
        torch.testing.assert_close(values, expected)
        upstream = normal(4, seed=3)
        torch.testing.assert_close(
            torch.autograd.grad(values, matrix, upstream), torch.autograd.grad(expected, matrix, upstream)
        )


@pytest.mark.parametrize("name", PENALTIES)
def test_gradients_of_a_network_agree_with_finite_differences(name: str) -> None:
    penalty, discriminator = PENALTIES[name](), made(network)

    def penalize(*parameters: Tensor) -> Tensor:
        torch.manual_seed(0)
        by_name = dict(zip(dict(discriminator.named_parameters()), parameters, strict=True))
        return penalty(lambda x: torch.func.functional_call(discriminator, by_name, (x,)), REAL, FAKES)

    # The last bias shifts the logits and does not change their gradients.
    *relevant, last_bias = discriminator.parameters()
    assert torch.autograd.gradcheck(lambda *relevant: penalize(*relevant, last_bias), relevant)
    grads = torch.autograd.grad(penalize(*discriminator.parameters()).sum(), relevant)
    assert all(grad.abs().sum() > 0 for grad in grads)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_constant_discriminator_has_finite_gradients(name: str) -> None:
    weight = torch.zeros(SHAPE, dtype=torch.float64, requires_grad=True)
    values = PENALTIES[name]()(LinearDiscriminator(weight), REAL, FAKES)
    values.sum().backward()
    assert (values == (3 if name == "GradientPenalty" else 0)).all()
    assert (weight.grad == 0).all()


def test_points_are_between_images_and_fakes_and_follow_the_seed() -> None:
    def points(seed: int) -> Tensor:
        discriminator = LinearDiscriminator()
        GradientPenalty()(discriminator, REAL, FAKES, generator=torch.Generator().manual_seed(seed))
        return discriminator.points

    weights = ((points(0) - REAL) / (FAKE - REAL)).flatten(1)
    assert ((weights > 0) & (weights < 1)).all()
    torch.testing.assert_close(weights, weights[:, :1].expand_as(weights))
    assert len(weights[:, 0].unique()) == 4
    assert torch.equal(points(0), points(0))
    assert not torch.equal(points(0), points(1))


def test_interpolation_weights_are_uniform() -> None:
    discriminator, count = LinearDiscriminator(torch.zeros(1, 1, 1)), 4000
    torch.manual_seed(0)
    fakes = Fakes(torch.ones(count, 1, 1, 1), latents=torch.zeros(count, 1))
    GradientPenalty()(discriminator, torch.zeros(count, 1, 1, 1), fakes)
    weights = discriminator.points.flatten().sort().values
    # The Kolmogorov-Smirnov distance exceeds 1.95 / √n with probability 0.001.
    assert (weights - torch.linspace(0, 1, count)).abs().max() < 1.95 / count**0.5


def test_r1_uses_the_real_images_only() -> None:
    discriminator = LinearDiscriminator()
    R1()(discriminator, REAL, FAKES)
    assert torch.equal(discriminator.points, REAL)


@pytest.mark.parametrize("name", PENALTIES)
def test_no_gradient_reaches_the_images(name: str) -> None:
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    PENALTIES[name]()(made(network), real, Fakes(fake, latents=normal(4, 3))).sum().backward()
    assert real.grad is None
    assert fake.grad is None


@pytest.mark.parametrize("name", PENALTIES)
def test_autocast_changes_nothing(name: str) -> None:
    def penalize(fake: Tensor) -> Tensor:
        torch.manual_seed(0)
        return PENALTIES[name]()(discriminator, REAL.float(), Fakes(fake, latents=normal(4, 3)))

    discriminator, fake = made(network).float(), FAKE.bfloat16()
    expected = penalize(fake.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = penalize(fake)
    assert got.dtype == torch.float32
    assert torch.equal(got, expected)


BATCH_DEPENDENT = [
    partial(ConvDiscriminator, width=2),
    partial(PatchDiscriminator, width=2, batch_norm=True),
    *(partial(discriminator, minibatch_std=True) for discriminator in (MlpDiscriminator, PatchDiscriminator)),
]
BATCH_INDEPENDENT = [
    partial(MlpDiscriminator, widths=(4,)),
    partial(ConvDiscriminator, width=2, batch_norm=False, spectral_norm=True),
    partial(PatchDiscriminator, width=2, spectral_norm=True),
]


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("discriminator", BATCH_DEPENDENT)
def test_batch_dependent_discriminators_are_refused(discriminator: partial, num_classes: int) -> None:
    network = discriminator((1, 8, 8), num_classes)
    before = copy.deepcopy(network.state_dict())
    with complains("does not depend on the rest of the batch", "batch_norm and minibatch_std", "spectral_norm"):
        check_batch_independent(network, (1, 8, 8), num_classes=num_classes)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("discriminator", BATCH_INDEPENDENT)
def test_batch_independent_discriminators_are_accepted(discriminator: partial, num_classes: int) -> None:
    check_batch_independent(discriminator((1, 8, 8), num_classes), (1, 8, 8), num_classes=num_classes)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("penalty", [GradientPenalty, R1])
def test_a_weight_out_of_range_is_refused(penalty: type[Penalty], weight: float) -> None:
    with complains("weight", "finite and not negative", str(weight)):
        penalty(weight)


def test_a_penalty_is_computed_in_some_of_the_steps() -> None:
    with complains("every must be at least 1", "0"):
        R1(every=0)
