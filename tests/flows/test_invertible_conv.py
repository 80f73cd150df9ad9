from __future__ import annotations

import pytest
import torch
from cases import made, normal
from torch import Tensor

from genera.flows import InvertibleConv1x1


def dense(transform: InvertibleConv1x1) -> Tensor:
    """``W``, ``(C, C)``: the images of the unit vectors."""
    channels, height, width = transform.shape
    unit = torch.eye(channels, dtype=transform.packed.dtype)[:, :, None, None].expand(-1, -1, height, width)
    return transform(unit)[0][:, :, 0, 0].T


@pytest.mark.parametrize("channels", [1, 2, 12, 48])
@pytest.mark.parametrize("seed", [0, 3])
def test_the_initial_weight_is_a_rotation(channels: int, seed: int) -> None:
    transform = InvertibleConv1x1((channels, 2, 2), seed=seed)
    weight = dense(transform)
    torch.testing.assert_close(weight @ weight.T, torch.eye(channels), rtol=0, atol=1e-5)
    _, log_det = transform(normal(3, channels, 2, 2).float())
    torch.testing.assert_close(log_det, torch.zeros(3), rtol=0, atol=1e-5)


def test_the_seed_determines_the_initial_weight() -> None:
    state = torch.get_rng_state()
    first, again, other = (dense(InvertibleConv1x1((4, 1, 1), seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=0.1)


def test_every_pixel_is_multiplied_by_the_weight() -> None:
    transform, x = made(lambda: InvertibleConv1x1((6, 3, 4))), normal(2, 6, 3, 4)
    y, log_det = transform(x)
    weight = dense(transform)
    torch.testing.assert_close(y, torch.einsum("ij,bjhw->bihw", weight, x))
    torch.testing.assert_close(log_det, 12 * torch.linalg.slogdet(weight).logabsdet.expand(2))
    assert log_det[0].abs() > 0.1


def test_the_inverse_is_the_inverse_matrix() -> None:
    transform, y = made(lambda: InvertibleConv1x1((6, 3, 4))), normal(2, 6, 3, 4)
    x, _ = transform.inverse(y)
    torch.testing.assert_close(x, torch.einsum("ij,bjhw->bihw", torch.linalg.inv(dense(transform)), y))


def test_every_parameter_gets_a_gradient() -> None:
    """Also parameters that are initially zero."""
    transform = InvertibleConv1x1((5, 2, 2))
    assert sum(parameter.numel() for parameter in transform.parameters()) == 25
    y, log_det = transform(normal(3, 5, 2, 2).float())
    (y.pow(3).sum() + log_det.sum()).backward()
    assert transform.packed.grad is not None
    assert transform.packed.grad.all()


def test_autocast_does_not_change_the_result() -> None:
    transform, x = made(lambda: InvertibleConv1x1((6, 3, 4))).float(), normal(2, 6, 3, 4).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, back = transform(x)[0], transform.inverse(x)[0]
    assert torch.equal(y, transform(x)[0])
    assert torch.equal(back, transform.inverse(x)[0])
