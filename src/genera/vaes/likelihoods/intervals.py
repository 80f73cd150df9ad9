"""Log-probabilities of intervals, exact in the tails, with gradients that are finite everywhere.

They are the inner loop of training. Hand-written gradients save a second evaluation of the logarithms and need no
protection of the unused branches of ``torch.where``; second derivatives are not supported.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from genera.core import first_order_only

#: ``x`` to ``log F(x)`` and its derivative ``f(x) / F(x)``, with F the distribution function of the density f.
LogCdf = Callable[[Tensor], tuple[Tensor, Tensor]]

#: Below -10 a continued fraction replaces Φ by ``erfc``, which underflows in float32 at -13.
_NORMAL_TAIL = 10.0
#: Terms of the fraction, for 12 digits at -10 and more below.
_NUM_TERMS = 8


def log_interval(log_cdf: LogCdf, lower: Tensor, upper: Tensor) -> Tensor:
    """``log(F(upper) - F(lower))`` for a density that is symmetric around zero.

    Intervals in the upper tail are mirrored to the lower tail, where the logarithms are accurate:
    ``log F(u) + log(1 - exp(log F(l) - log F(u)))``.

    Args:
        log_cdf: of the density; not differentiated.
        lower: finite; a large negative number for an interval that is open below.
        upper: of the same shape, finite and above ``lower``; a large number for an interval that is open above.

    Returns:
        Nats, of the same shape.
    """
    return _LogInterval.apply(lower, upper, log_cdf)


def log_logistic_interval(lower: Tensor, upper: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """``log(σ(u) - σ(l))`` with ``l = (lower - mean) / scale`` and ``u = (upper - mean) / scale``.

    ``σ(u) - σ(l) = σ(u) σ(-l) (1 - exp(l - u))``, a product of three factors whose logarithms are accurate.

    Args:
        lower: finite; a large negative number for an interval that is open below.
        upper: of the same shape, finite and above ``lower``; a large number for an interval that is open above.
        mean: of a shape that broadcasts with theirs.
        scale: of the shape of ``mean``, positive.

    Returns:
        Nats, of the broadcast shape.
    """
    rate = 1 / scale
    below_upper, above_lower = F.logsigmoid((upper - mean) * rate), F.logsigmoid((mean - lower) * rate)
    # From the ends themselves: far from the mean, l and u are rounded and may be equal.
    return below_upper + above_lower + torch.log(-torch.expm1((lower - upper) * rate))


def normal_log_cdf(x: Tensor) -> tuple[Tensor, Tensor]:
    """``log Φ(x)`` and ``φ(x) / Φ(x)`` of the standard normal distribution.

    ``torch.special.log_ndtr`` takes twice as long for the first alone, and its gradient in float32 is inaccurate below
    -1000.
    """
    # Each formula gets only inputs within its range: denormal numbers would be slow.
    near, far = x.clamp(-_NORMAL_TAIL, _NORMAL_TAIL), x.neg().clamp_(min=_NORMAL_TAIL)
    cdf = (near * -math.sqrt(0.5)).erfc_().mul_(0.5)
    density = near.square().mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
    ratio = _normal_tail_ratio(far)
    log_density = far.square().mul_(-0.5).sub_(0.5 * math.log(2 * math.pi))
    in_tail = x < -_NORMAL_TAIL
    return torch.where(in_tail, log_density - ratio.log(), cdf.log()), torch.where(in_tail, ratio, density / cdf)


def _normal_tail_ratio(y: Tensor) -> Tensor:
    """``φ(y) / Φ(-y)`` for large ``y``, by Laplace's ``y + 1 / (y + 2 / (y + 3 / (y + …)))``."""
    ratio = y
    for k in range(_NUM_TERMS, 0, -1):
        ratio = torch.add(y, 1 / ratio, alpha=k)
    return ratio


def laplace_log_cdf(x: Tensor) -> tuple[Tensor, Tensor]:
    """``log F(x)`` and ``f(x) / F(x)`` of the Laplace distribution with diversity 1."""
    # F(x) is 1 - exp(-x) / 2 above zero, and exp(x) · (1 - 1 / 2) below.
    half = x.clamp(min=0).neg_().exp_().mul_(0.5)
    return x.clamp(max=0).add_(torch.log1p(-half)), half / (1 - half)


class _LogInterval(Function):
    @staticmethod
    def forward(ctx: Any, lower: Tensor, upper: Tensor, log_cdf: LogCdf) -> Tensor:
        log_upper, slope_upper = log_cdf(torch.minimum(upper, -lower))
        log_lower, slope_lower = log_cdf(torch.minimum(lower, -upper))
        # If the density is much wider than the interval, the difference may be rounded to zero.
        gap = (log_upper - log_lower).clamp_(min=torch.finfo(lower.dtype).eps)
        # The fraction of F(upper) that is in the interval.
        fraction = gap.neg_().expm1_().neg_()
        # The derivatives with respect to the end nearer to the center of the density, and to the other end.
        near, far = slope_upper / fraction, slope_lower * (1 / fraction - 1)
        mirrored = lower + upper > 0
        ctx.save_for_backward(-torch.where(mirrored, near, far), torch.where(mirrored, far, near))
        return log_upper + fraction.log()

    @staticmethod
    @first_order_only
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        lower_derivative, upper_derivative = ctx.saved_tensors
        return grad * lower_derivative, grad * upper_derivative, None
