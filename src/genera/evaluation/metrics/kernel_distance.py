"""The kernel distance between two sets of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

import torch
from torch import Tensor

from genera.evaluation.metrics.base import TwoSetMetric

#: Rows and columns of a kernel matrix computed at a time, so that they fit in the CPU cache.
_CHUNK_SIZE = 500


class KernelDistance(TwoSetMetric):
    """Squared maximum mean discrepancy with kernel ``(x·y / F + 1)³``; its mean is 0 for sets of equal distribution.

    The estimate is unbiased for any number of images and so can be negative. It uses all pairs of images, not blocks.

    Args:
        num_features: F.

    Source:
        Gretton et al. (2012), lemma 6; Bińkowski et al. (2018), KID, for the kernel.
    """

    higher_is_better = False

    def compute(self) -> Tensor:
        """The distance, ``()``.

        Raises:
            ValueError: one of the sets has fewer than two images.
        """
        x, y = self.sets()
        if min(len(x), len(y)) < 2:
            raise ValueError(
                f"a kernel distance needs at least two images in each set, got {len(x)} generated and {len(y)} real"
            )
        chunks = [features.split(_CHUNK_SIZE) for features in (x, y)]
        within = [
            2 * _sum(self._pair_kernels(parts)) / (len(features) * (len(features) - 1))
            for features, parts in zip((x, y), chunks, strict=True)
        ]
        across = _sum(self._kernel(first, second) for first, second in product(*chunks)) / (len(x) * len(y))
        return within[0] + within[1] - 2 * across

    def _pair_kernels(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """Kernels of all pairs of different rows, each pair once; the other entries are 0."""
        for part in parts:
            yield self._kernel(part, part).triu(diagonal=1)
        for first, second in combinations(parts, 2):
            yield self._kernel(first, second)

    def _kernel(self, x: Tensor, y: Tensor) -> Tensor:
        """``(B, F)`` and ``(C, F)`` to ``(B, C)``."""
        base = torch.addmm(x.new_ones(()), x / self.num_features, y.T)
        # `base**3` would take as long as the matrix product.
        return base * base * base


def _sum(kernels: Iterable[Tensor]) -> Tensor:
    """Sum of all values, ``()``."""
    # The rounding errors of single float32 terms average out; those of a float32 sum would not.
    return torch.stack([kernel.sum(dtype=torch.float64) for kernel in kernels]).sum()
