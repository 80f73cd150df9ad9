"""The kernel distance between two sets of features."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations, product

import torch
from torch import Tensor

from genera.evaluation.metrics.checks import check_features

#: Rows and columns of a kernel matrix computed at a time, so that they fit in the CPU cache.
_CHUNK_SIZE = 500


def kernel_distance(generated: Tensor, real: Tensor, *, real_kernel: Tensor | None = None) -> Tensor:
    """Squared maximum mean discrepancy with kernel ``(x·y / F + 1)³``; its mean is 0 for sets of equal distribution.

    The estimate is unbiased for any number of images and so can be negative. It uses all pairs of images, not blocks.
    float64 ``()``; lower is better.

    Args:
        generated: features ``(N, F)``.
        real: features ``(M, F)``.
        real_kernel: :func:`mean_kernel` of ``real``, if it is known.

    Raises:
        ValueError: a set has fewer than two images, a wrong shape, or values that are not finite.

    Source:
        Gretton et al. (2012), lemma 6; Bińkowski et al. (2018), KID, for the kernel.
    """
    check_features(2, generated=generated, real=real)
    pairs = product(generated.split(_CHUNK_SIZE), real.split(_CHUNK_SIZE))
    across = _sum(_kernel(x, y) for x, y in pairs) / (len(generated) * len(real))
    return mean_kernel(generated) + (mean_kernel(real) if real_kernel is None else real_kernel) - 2 * across


def mean_kernel(features: Tensor) -> Tensor:
    """Mean kernel of two different images of a set, ``(N, F)`` to float64 ``()``."""
    parts = features.split(_CHUNK_SIZE)
    # Each pair once: those within a part, then those of two parts.
    within = (_kernel(part, part).triu(diagonal=1) for part in parts)
    across = (_kernel(x, y) for x, y in combinations(parts, 2))
    return 2 * _sum(chain(within, across)) / (len(features) * (len(features) - 1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """``(B, F)`` and ``(C, F)`` to ``(B, C)``."""
    base = torch.addmm(x.new_ones(()), x / x.shape[1], y.T)
    # `base**3` would take as long as the matrix product.
    return base * base * base


def _sum(kernels: Iterable[Tensor]) -> Tensor:
    """Sum of all values, ``()``."""
    # The rounding errors of single float32 terms average out; those of a float32 sum would not.
    return torch.stack([kernel.sum(dtype=torch.float64) for kernel in kernels]).sum()
