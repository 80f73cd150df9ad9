from __future__ import annotations

import pytest
import torch
from cases import complains, normal
from torch import nn

from genera.networks.dropout import Dropout


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_its_numbers_are_those_of_torch(share: float, memory_format: torch.memory_format) -> None:
    x = normal(8, 5, 4, 6).contiguous(memory_format=memory_format)
    torch.manual_seed(2)
    expected = nn.Dropout(share)(x)
    assert torch.equal(Dropout(share)(x, generator=torch.Generator().manual_seed(2)), expected)
    torch.manual_seed(2)
    assert torch.equal(Dropout(share)(x), expected)


def test_it_does_nothing_but_in_training() -> None:
    x = normal(8, 5)
    assert torch.equal(Dropout(0.9).eval()(x), x)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_the_share_has_a_range(share: float) -> None:
    with complains("in [0, 1)", str(share)):
        Dropout(share)
