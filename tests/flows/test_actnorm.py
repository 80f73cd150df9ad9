from __future__ import annotations

import pytest
import torch
from cases import complains, made, normal
from torch import Tensor

from genera.flows import ActNorm


def batch() -> Tensor:
    """Channels with different means and standard deviations."""
    mean, std = torch.tensor([[7.0, 0.0, -300.0], [0.1, 1.0, 40.0]])[:, :, None, None]
    return mean + std * normal(8, 3, 4, 5)


def test_the_first_batch_is_standardized() -> None:
    transform, x = ActNorm((3, 4, 5)).double(), batch()
    transform.initialize(x)
    y, log_det = transform(x)
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(y.var(dim=(0, 2, 3), correction=0), torch.ones(3).double(), rtol=1e-12, atol=0)
    std = x.transpose(0, 1).flatten(1).numpy().std(axis=1)
    torch.testing.assert_close(log_det, -20 * torch.from_numpy(std).log().sum().expand(8))


def test_an_initialized_transform_by_hand() -> None:
    transform, x = made(lambda: ActNorm((3, 4, 5))), batch()
    transform.initialize(x)
    y, _ = transform(x)
    for channel in range(3):
        values = x[:, channel]
        standardized = (values - values.mean()) / values.std(correction=0)
        expected = standardized * transform.log_scale[channel].exp() + transform.shift[channel]
        torch.testing.assert_close(y[:, channel], expected)


def test_before_initialization_it_is_the_identity() -> None:
    x = batch()
    y, log_det = ActNorm((3, 4, 5)).double()(x)
    assert torch.equal(y, x)
    assert not log_det.any()


def test_mean_and_std_are_saved_with_the_model() -> None:
    initialized, fresh = ActNorm((3, 4, 5)).double(), ActNorm((3, 4, 5)).double()
    initialized.initialize(batch())
    assert {name for name, _ in initialized.named_parameters()} == {"log_scale", "shift"}
    assert not torch.equal(fresh(batch())[0], initialized(batch())[0])
    fresh.load_state_dict(initialized.state_dict())
    assert torch.equal(fresh(batch())[0], initialized(batch())[0])
    assert torch.equal(fresh(batch())[1], initialized(batch())[1])


def test_initialize_changes_no_parameter_and_records_no_graph() -> None:
    transform, x = made(lambda: ActNorm((3, 4, 5))), batch().requires_grad_()
    before = [parameter.clone() for parameter in transform.parameters()]
    transform.initialize(x)
    assert all(torch.equal(*pair) for pair in zip(before, transform.parameters(), strict=True))
    assert not transform.mean.requires_grad
    assert not transform.std.requires_grad


def test_a_constant_channel_is_not_scaled_up_without_bound() -> None:
    transform, x = ActNorm((3, 4, 5)), batch().float()
    x[:, 1] = 0.3
    transform.initialize(x)
    y, log_det = transform(x + 0.01)
    assert y.isfinite().all()
    assert log_det.isfinite().all()
    assert y.abs().max() < 20


def test_one_value_per_channel_is_enough_to_initialize() -> None:
    transform = ActNorm((2, 1, 1))
    transform.initialize(torch.tensor([[[[5.0]], [[-3.0]]]]))
    assert not transform(torch.tensor([[[[5.0]], [[-3.0]]]]))[0].any()


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4, 4, 5), (2, 3, 5, 4), (0, 3, 4, 5)])
def test_a_batch_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with complains("x must have shape (B, 3, 4, 5)", str(shape)):
        ActNorm((3, 4, 5)).initialize(torch.zeros(shape))
