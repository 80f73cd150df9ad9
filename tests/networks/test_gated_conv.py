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


#: The formula of each function that has a hand-written gradient, and inputs for it.
FORMULAS = {
    concat_elu: (lambda x: F.elu(torch.cat([x, -x], dim=1)), [normal(2, 3, 4, 5)]),
    gate: (
        lambda x, h: x + torch.tanh(h.chunk(2, dim=1)[0]) * torch.sigmoid(h.chunk(2, dim=1)[1]),
        [normal(2, 3, 4, 5), normal(2, 6, 4, 5, seed=2)],
    ),
}
every_function = pytest.mark.parametrize("function", FORMULAS, ids=lambda function: function.__name__)
both_formats = pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])


def with_gradients(function, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    inputs = [value.detach().requires_grad_() for value in inputs]
    y = function(*inputs)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    return [y.detach(), *(value.grad for value in inputs)]


@every_function
@both_formats
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_values_and_gradients_equal_those_of_the_formula(
    function, memory_format: torch.memory_format, dtype: torch.dtype
) -> None:
    formula, inputs = FORMULAS[function]
    # Half precision is compared with the formula in float64 for the same inputs.
    inputs = [(3 * value).to(dtype).contiguous(memory_format=memory_format) for value in inputs]
    results = with_gradients(function, inputs)
    expected = with_gradients(formula, [value.double() for value in inputs])
    tolerance = {torch.float64: 1e-14, torch.float32: 2e-6, torch.bfloat16: 3e-2}[dtype]
    for got, want in zip(results, expected, strict=True):
        assert got.dtype == dtype
        assert got.is_contiguous(memory_format=memory_format)
        torch.testing.assert_close(got.double(), want, rtol=tolerance, atol=tolerance)


@every_function
def test_extreme_numbers_and_zero_have_finite_values_and_gradients(function) -> None:
    _, inputs = FORMULAS[function]
    for size in (0.0, 1e-30, 100.0, 1e4):
        results = with_gradients(function, [size * value.float().sign() for value in inputs])
        assert all(value.isfinite().all() for value in results)


def test_nan_is_propagated() -> None:
    """Otherwise a diverged network would go unnoticed."""
    x = torch.full((1, 1, 1, 1), float("nan"))
    assert concat_elu(x).isnan().all()
    assert gate(x, torch.cat([x, x], dim=1)).isnan().all()


def test_a_gated_residual_by_hand() -> None:
    block, x = made(lambda: GatedResidual(2)), normal(2, 2, 4, 4)
    h = F.conv2d(concat_elu(x), block.conv.weight, block.conv.bias, padding=1)
    a, b = F.conv2d(concat_elu(h), block.gate.weight, block.gate.bias).split(2, dim=1)
    torch.testing.assert_close(block(x), x + a.tanh() * b.sigmoid())
