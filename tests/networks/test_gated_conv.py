from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from cases import made, normal

from genera.networks.gated_conv import GatedResidual, concat_elu, gate


def test_concat_elu_by_hand() -> None:
    x = 2 * normal(2, 3, 4, 5)
    positive = torch.where(x > 0, x, x.exp() - 1)
    negative = torch.where(x < 0, -x, (-x).exp() - 1)
    torch.testing.assert_close(concat_elu(x), torch.cat([positive, negative], dim=1))


def test_a_gate_by_hand() -> None:
    x, h = normal(2, 3, 4, 5), 3 * normal(2, 6, 4, 5, seed=2)
    torch.testing.assert_close(gate(x, h), x + h[:, :3].tanh() * h[:, 3:].sigmoid())


#: What each function that brings its own gradient does, written out.
WRITTEN_OUT = {
    concat_elu: (lambda x: F.elu(torch.cat([x, -x], dim=1)), [normal(2, 3, 4, 5)]),
    gate: (
        lambda x, h: x + torch.tanh(h.chunk(2, dim=1)[0]) * torch.sigmoid(h.chunk(2, dim=1)[1]),
        [normal(2, 3, 4, 5), normal(2, 6, 4, 5, seed=2)],
    ),
}
lean = pytest.mark.parametrize("function", WRITTEN_OUT, ids=lambda function: function.__name__)
formats = pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])


def with_gradients(function, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    inputs = [value.detach().requires_grad_() for value in inputs]
    y = function(*inputs)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    return [y.detach(), *(value.grad for value in inputs)]


@lean
@formats
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_values_and_gradients_are_those_of_the_formula(
    function, memory_format: torch.memory_format, dtype: torch.dtype
) -> None:
    written_out, inputs = WRITTEN_OUT[function]
    # Half precision is compared with what the formula gives for the same inputs in full.
    inputs = [(3 * value).to(dtype).contiguous(memory_format=memory_format) for value in inputs]
    found = with_gradients(function, inputs)
    expected = with_gradients(written_out, [value.double() for value in inputs])
    tolerance = {torch.float64: 1e-14, torch.float32: 2e-6, torch.bfloat16: 3e-2}[dtype]
    for have, want in zip(found, expected, strict=True):
        assert have.dtype == dtype
        assert have.is_contiguous(memory_format=memory_format)
        torch.testing.assert_close(have.double(), want, rtol=tolerance, atol=tolerance)


@lean
def test_extreme_numbers_and_zero_have_finite_values_and_gradients(function) -> None:
    _, inputs = WRITTEN_OUT[function]
    for size in (0.0, 1e-30, 100.0, 1e4):
        found = with_gradients(function, [size * value.float().sign() for value in inputs])
        assert all(value.isfinite().all() for value in found)


def test_a_nan_is_handed_on() -> None:
    """A broken network must not look like a good one."""
    x = torch.full((1, 1, 1, 1), float("nan"))
    assert concat_elu(x).isnan().all()
    assert gate(x, torch.cat([x, x], dim=1)).isnan().all()


def test_a_gated_residual_by_hand() -> None:
    block, x = made(lambda: GatedResidual(2)), normal(2, 2, 4, 4)
    h = F.conv2d(concat_elu(x), block.conv.weight, block.conv.bias, padding=1)
    a, b = F.conv2d(concat_elu(h), block.gate.weight, block.gate.bias).split(2, dim=1)
    torch.testing.assert_close(block(x), x + a.tanh() * b.sigmoid())
