from __future__ import annotations

import pytest
import torch
from cases import complains, made, normal
from torch import Tensor

from genera.flows import ActNorm


def batch() -> Tensor:
    """Channels of different means and spreads."""
    mean, std = torch.tensor([[7.0, 0.0, -300.0], [0.1, 1.0, 40.0]])[:, :, None, None]
    return mean + std * normal(8, 3, 4, 5)


def test_its_first_batch_comes_out_standardized() -> None:
    transform, x = ActNorm((3, 4, 5)).double(), batch()
    transform.initialize(x)
    y, log_det = transform(x)
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(y.var(dim=(0, 2, 3), correction=0), torch.ones(3).double(), rtol=1e-12, atol=0)
    spread = x.transpose(0, 1).flatten(1).numpy().std(axis=1)
    torch.testing.assert_close(log_det, -20 * torch.from_numpy(spread).log().sum().expand(8))


def test_an_initialized_one_with_weights_by_hand() -> None:
    transform, x = made(lambda: ActNorm((3, 4, 5))), batch()
    transform.initialize(x)
    y, _ = transform(x)
    for channel in range(3):
        values = x[:, channel]
        standardized = (values - values.mean()) / values.std(correction=0)
        expected = standardized * transform.log_scale[channel].exp() + transform.shift[channel]
        torch.testing.assert_close(y[:, channel], expected)


def test_a_fresh_one_is_the_identity() -> None:
    x = batch()
    y, log_det = ActNorm((3, 4, 5)).double()(x)
    assert torch.equal(y, x)
    assert not log_det.any()


def test_what_it_saw_is_saved_with_the_model() -> None:
    seen, fresh = ActNorm((3, 4, 5)).double(), ActNorm((3, 4, 5)).double()
    seen.initialize(batch())
    assert {name for name, _ in seen.named_parameters()} == {"log_scale", "shift"}
    assert not torch.equal(fresh(batch())[0], seen(batch())[0])
    fresh.load_state_dict(seen.state_dict())
    assert torch.equal(fresh(batch())[0], seen(batch())[0])
    assert torch.equal(fresh(batch())[1], seen(batch())[1])


def test_initialize_leaves_the_weights_and_no_graph() -> None:
    transform, x = made(lambda: ActNorm((3, 4, 5))), batch().requires_grad_()
    before = [parameter.clone() for parameter in transform.parameters()]
    transform.initialize(x)
    assert all(torch.equal(*pair) for pair in zip(before, transform.parameters(), strict=True))
    assert not transform.mean.requires_grad
    assert not transform.std.requires_grad


def test_a_constant_channel_does_not_blow_up() -> None:
    transform, x = ActNorm((3, 4, 5)), batch().float()
    x[:, 1] = 0.3
    transform.initialize(x)
    y, log_det = transform(x + 0.01)
    assert y.isfinite().all()
    assert log_det.isfinite().all()
    assert y.abs().max() < 20


def test_one_value_is_enough_to_start_from() -> None:
    transform = ActNorm((2, 1, 1))
    transform.initialize(torch.tensor([[[[5.0]], [[-3.0]]]]))
    assert not transform(torch.tensor([[[[5.0]], [[-3.0]]]]))[0].any()


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4, 4, 5), (2, 3, 5, 4), (0, 3, 4, 5)])
def test_a_batch_that_does_not_fit(shape: tuple[int, ...]) -> None:
    with complains("x must have shape (B, 3, 4, 5)", str(shape)):
        ActNorm((3, 4, 5)).initialize(torch.zeros(shape))
