from __future__ import annotations

import pytest
import torch
from cases import normal

from genera.flows import Permutation


def test_without_a_seed_the_channels_are_reversed() -> None:
    x = normal(2, 5, 3, 4)
    y, log_det = Permutation((5, 3, 4))(x)
    assert torch.equal(y, x.flip(1))
    assert torch.equal(log_det, torch.zeros(2, dtype=torch.float64))


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_every_channel_occurs_once(seed: int | None) -> None:
    x = torch.arange(12.0).expand(2, 12)
    permutation = Permutation((12,), seed=seed)
    y, _ = permutation(x)
    assert not torch.equal(y, x)
    assert torch.equal(y.sort(dim=1).values, x)
    assert torch.equal(permutation.inverse(y)[0], x)


def test_the_seed_determines_the_order() -> None:
    state = torch.get_rng_state()
    first, again, other = (Permutation((12, 1, 1), seed=seed).index for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_order_is_saved_with_the_model() -> None:
    """So that a model does not depend on the shuffle of a version of torch."""
    shuffled, fresh = Permutation((12, 1, 1), seed=1), Permutation((12, 1, 1))
    fresh.load_state_dict(shuffled.state_dict())
    assert torch.equal(fresh.index, shuffled.index)
