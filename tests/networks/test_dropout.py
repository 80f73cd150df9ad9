from __future__ import annotations

import pytest
import torch
from cases import complains, normal
from torch import nn

from genera.networks.dropout import Dropout


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_result_equals_torchs(p: float, memory_format: torch.memory_format) -> None:
    x = normal(8, 5, 4, 6).contiguous(memory_format=memory_format)
    torch.manual_seed(2)
    expected = nn.Dropout(p)(x)
    assert torch.equal(Dropout(p)(x, generator=torch.Generator().manual_seed(2)), expected)
    torch.manual_seed(2)
    assert torch.equal(Dropout(p)(x), expected)


def test_it_is_the_identity_in_evaluation_mode() -> None:
    x = normal(8, 5)
    assert torch.equal(Dropout(0.9).eval()(x), x)


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_a_probability_out_of_range_is_refused(p: float) -> None:
    with complains("in [0, 1)", str(p)):
        Dropout(p)
