"""Properties of every transform."""

from __future__ import annotations

import pytest
import torch
from cases import TRANSFORMS, normal, perturb
from torch import Tensor
from torch.autograd.functional import jacobian

from genera.core import Transform

every_transform = pytest.mark.parametrize("name", TRANSFORMS)


@every_transform
def test_shapes_and_precision(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    assert x.shape[1:] == transform.shape
    y, log_det = transform(x, *context)
    assert y.shape == (len(x), *transform.out_shape)
    assert log_det.shape == (len(x),)
    back, log_det_back = transform.inverse(y, *context)
    assert back.shape == x.shape
    assert log_det_back.shape == (len(x),)
    assert {y.dtype, log_det.dtype, back.dtype, log_det_back.dtype} == {torch.float64}


@every_transform
def test_the_output_depends_on_the_weights(name: str) -> None:
    """Otherwise the other tests would be trivial: initially, couplings are the identity."""
    transform, x, *context = TRANSFORMS[name]()
    before = transform(x, *context)
    perturb(transform, seed=5)
    after = transform(x, *context)
    has_weights = len(list(transform.parameters())) > 0
    assert torch.equal(before[0], after[0]) != has_weights
    assert torch.equal(before[1], after[1]) != has_weights
    if has_weights:
        assert before[1].abs().min() > 1e-3


@every_transform
def test_the_inverse_restores_the_data(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    y, log_det = transform(x, *context)
    back, log_det_back = transform.inverse(y, *context)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-10)
    torch.testing.assert_close(log_det_back, -log_det, rtol=0, atol=1e-9)


@every_transform
def test_the_forward_pass_restores_the_latents(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    y = normal(len(x), *transform.out_shape, seed=3)
    x, log_det = transform.inverse(y, *context)
    back, log_det_back = transform(x, *context)
    torch.testing.assert_close(back, y, rtol=0, atol=1e-9)
    torch.testing.assert_close(log_det_back, -log_det, rtol=0, atol=1e-9)


@every_transform
def test_the_inverse_restores_the_data_in_float32(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    x, context = x.float(), [value.float() for value in context]
    y, log_det = transform.float()(x, *context)
    back, log_det_back = transform.inverse(y, *context)
    torch.testing.assert_close(back, x, rtol=0, atol=1e-4)
    torch.testing.assert_close(log_det_back, -log_det, rtol=1e-4, atol=1e-4)


@every_transform
def test_log_det_agrees_with_the_jacobian(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    y, log_det = transform(x, *context)
    _, log_det_back = transform.inverse(y, *context)
    for index in range(len(x)):
        given = [value[index : index + 1] for value in context]
        forward = log_abs_det(lambda x, given=given: transform(x, *given)[0], x[index : index + 1])
        inverse = log_abs_det(lambda y, given=given: transform.inverse(y, *given)[0], y[index : index + 1])
        torch.testing.assert_close(log_det[index], forward, rtol=0, atol=1e-8)
        torch.testing.assert_close(log_det_back[index], inverse, rtol=0, atol=1e-8)


def log_abs_det(function, x: Tensor) -> Tensor:
    return torch.linalg.slogdet(jacobian(function, x).reshape(x.numel(), x.numel())).logabsdet


@every_transform
def test_gradients_are_finite_in_both_directions(name: str) -> None:
    for direction in (Transform.forward, Transform.inverse):
        transform, x, *context = TRANSFORMS[name]()
        x = x if direction is Transform.forward else normal(len(x), *transform.out_shape, seed=3)
        x.requires_grad_()
        y, log_det = getattr(transform, direction.__name__)(x, *context)
        (y.square().sum() + log_det.sum()).backward()
        for parameter, value in [("input", x), *transform.named_parameters()]:
            assert value.grad is not None, parameter
            assert value.grad.isfinite().all(), parameter
            assert value.grad.any(), parameter


@every_transform
def test_the_state_dict_determines_the_output(name: str) -> None:
    (trained, x, *context), (fresh, *_) = TRANSFORMS[name](), TRANSFORMS[name]()
    perturb(fresh, seed=5)
    fresh.load_state_dict(trained.state_dict())
    assert all(torch.equal(*pair) for pair in zip(fresh(x, *context), trained(x, *context), strict=True))


@every_transform
def test_transforms_are_deterministic(name: str) -> None:
    transform, x, *context = TRANSFORMS[name]()
    before = torch.get_rng_state()
    y, log_det = transform(x, *context)
    again, log_det_again = transform(x, *context)
    assert torch.equal(y, again)
    assert torch.equal(log_det, log_det_again)
    assert torch.equal(before, torch.get_rng_state())


@every_transform
def test_outputs_are_float32_under_autocast(name: str) -> None:
    """Networks may run in bfloat16; the transform itself does not."""
    transform, x, *context = TRANSFORMS[name]()
    x, context = x.float(), [value.float() for value in context]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, log_det = transform.float()(x, *context)
        back, log_det_back = transform.inverse(y, *context)
    assert {value.dtype for value in (y, log_det, back, log_det_back)} == {torch.float32}
