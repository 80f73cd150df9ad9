"""Small numerical functions that all families share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from genera.core.checks import check_positive


def at_least_float32(x: Tensor) -> Tensor:
    """Convert half precision to float32, which sums, logarithms and their differences need."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def sum_over_dims(x: Tensor) -> Tensor:
    """Sum over all dimensions except the batch: ``(B, …) -> (B,)``."""
    return x.flatten(start_dim=1).sum(dim=1)


def log_mean_exp(x: Tensor, dim: int = 0) -> Tensor:
    """``log(mean(exp(x)))`` along ``dim`` without overflow."""
    return torch.logsumexp(x, dim=dim) - math.log(x.shape[dim])


def bits_per_dim(log_prob: Tensor, num_dims: int) -> Tensor:
    """Convert the log-probability of integer pixels to bits per dimension.

    Args:
        log_prob: ``(B,)``, nats.
        num_dims: ``C * H * W`` of one image.

    Returns:
        ``(B,)`` bits per dimension; lower is better.

    Raises:
        ValueError: ``num_dims`` is not positive.

    Source:
        Theis, van den Oord & Bethge (2016), section 3.1.
    """
    check_positive(num_dims=num_dims)
    return -log_prob / (num_dims * math.log(2))
