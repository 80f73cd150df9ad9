"""The kernel distance between two sets of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_features, gathered

#: Rows and columns of a kernel matrix that are made at a time: what a processor's cache holds.
_AT_ONCE = 500


class KernelDistance(Metric):
    """Squared maximum mean discrepancy with the kernel ``(x·y / F + 1)³``; 0 in expectation for two sets of one kind.

    Unbiased, whatever the number of images: it can come out below zero, and all pairs of images count, not some blocks.

    Args:
        num_features: F.

    Source:
        Gretton et al. (2012), lemma 6; Bińkowski et al. (2018), KID, for the kernel.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    drawn: list[Tensor]
    real: list[Tensor]

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_features = num_features
        for name in ("drawn", "real"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, features: Tensor, real: bool) -> None:
        """Take in features ``(B, F)`` of images that are real or drawn.

        Raises:
            ValueError: the features have another shape, or are not finite.
        """
        check_features(features, self.num_features)
        (self.real if real else self.drawn).append(features)

    def compute(self) -> Tensor:
        """The distance, ``()``.

        Raises:
            ValueError: there are fewer than two images on a side.
        """
        x, y = (gathered(side, self.num_features) for side in (self.drawn, self.real))
        if min(len(x), len(y)) < 2:
            raise ValueError(
                f"a kernel distance needs at least two images on either side, got {len(x)} drawn and {len(y)} real ones"
            )
        parts = [side.split(_AT_ONCE) for side in (x, y)]
        within = [
            2 * _total(self._of_pairs(of)) / (len(side) * (len(side) - 1))
            for side, of in zip((x, y), parts, strict=True)
        ]
        across = _total(self._kernel(one, other) for one, other in product(*parts)) / (len(x) * len(y))
        return within[0] + within[1] - 2 * across

    def _of_pairs(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """Kernels of the rows of ``(B, F)`` with each other, every pair of different rows once."""
        for part in parts:
            yield self._kernel(part, part).triu(diagonal=1)
        for one, other in combinations(parts, 2):
            yield self._kernel(one, other)

    def _kernel(self, x: Tensor, y: Tensor) -> Tensor:
        """``(B, F)`` and ``(C, F)`` to ``(B, C)``."""
        base = torch.addmm(x.new_ones(()), x / self.num_features, y.T)
        # A power would take as long as the products of all vectors.
        return base * base * base


def _total(kernels: Iterable[Tensor]) -> Tensor:
    """The sum of all values, ``()``."""
    # Of so many terms the rounding of each in float32 averages out; that of their sum would not.
    return torch.stack([kernel.sum(dtype=torch.float64) for kernel in kernels]).sum()
