"""Averaged weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genera.optim.weight_averaging import averaged


def test_it_is_the_documented_moving_average() -> None:
    model = nn.BatchNorm1d(3)
    average = averaged(model, decay=0.5)
    expected = None
    for step in range(6):
        with torch.no_grad():
            model.weight.fill_(step**2)
            model.running_mean.fill_(step)
        average.update_parameters(model)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = 0.0 if expected is None else decay * expected + (1 - decay) * step**2
    torch.testing.assert_close(average.module.weight, torch.full((3,), expected))
    # Buffers are copied, not averaged.
    torch.testing.assert_close(average.module.running_mean, torch.full((3,), 5.0))
    assert not any(parameter.requires_grad for parameter in average.parameters())


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_the_decay_is_checked(decay: float) -> None:
    with pytest.raises(ValueError, match=r"average_decay must be in \[0, 1\), got"):
        averaged(nn.Linear(1, 1), decay=decay)
