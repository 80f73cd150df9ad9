from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cases import complains, normal
from scipy.special import logsumexp

from genera.core import bits_per_dim, log_mean_exp, sum_over_dims


def test_bits_per_dim_by_hand() -> None:
    """A pixel of probability 1/8 costs 3 bits; two of them at 1/2 and 1/8 cost 2 on average."""
    log_prob = torch.tensor([math.log(1 / 8 * 1 / 8), math.log(1 / 2 * 1 / 8), 0.0])
    torch.testing.assert_close(bits_per_dim(log_prob, 2), torch.tensor([3.0, 2.0, 0.0]))


@pytest.mark.parametrize("num_dims", [0, -3])
def test_bits_per_dim_needs_dimensions(num_dims: int) -> None:
    with complains("num_dims must be at least 1", str(num_dims)):
        bits_per_dim(torch.zeros(1), num_dims)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_log_mean_exp_agrees_with_scipy(dim: int) -> None:
    x = 5 * normal(4, 3, 6)
    expected = logsumexp(x.numpy(), axis=dim) - np.log(x.shape[dim])
    np.testing.assert_allclose(log_mean_exp(x, dim=dim), expected, rtol=1e-12)
    np.testing.assert_allclose(log_mean_exp(x, dim=dim).exp(), np.exp(x.numpy()).mean(axis=dim), rtol=1e-12)


def test_log_mean_exp_does_not_overflow() -> None:
    x = normal(5)
    for shift in (-5000.0, 5000.0):
        torch.testing.assert_close(log_mean_exp(x + shift), x.exp().mean().log() + shift)
    assert log_mean_exp(torch.full((3,), -math.inf)) == -math.inf


def test_sum_over_dims_keeps_the_batch() -> None:
    x = normal(3, 2, 4, 5)
    torch.testing.assert_close(sum_over_dims(x), torch.stack([image.sum() for image in x]))
    assert sum_over_dims(normal(4, 1)).shape == (4,)
    assert sum_over_dims(normal(0, 2, 2)).shape == (0,)
