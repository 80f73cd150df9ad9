"""The kernel distance between two sets of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from genera.evaluation.metrics.inputs import check_features

#: Rows of a kernel matrix that are made at a time.
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
        x, y = (dim_zero_cat(side) if side else torch.zeros(0, self.num_features) for side in (self.drawn, self.real))
        if min(len(x), len(y)) < 2:
            raise ValueError(
                f"a kernel distance needs at least two images on either side, got {len(x)} drawn and {len(y)} real ones"
            )
        within = sum(
            _kernel_sum(side, side, self._kernel, diagonal=False) / (len(side) * (len(side) - 1)) for side in (x, y)
        )
        return torch.as_tensor(within - 2 * _kernel_sum(x, y, self._kernel) / (len(x) * len(y)))

    def _kernel(self, products: Tensor) -> Tensor:
        return (products / self.num_features + 1) ** 3


def _kernel_sum(x: Tensor, y: Tensor, kernel: Callable[[Tensor], Tensor], *, diagonal: bool = True) -> Tensor:
    """Of all pairs, or of those of an image with another where ``y`` is ``x``."""
    # Of so many terms the rounding of each in float32 averages out; that of their sum would not.
    parts = [kernel(part @ y.T).sum(dtype=torch.float64) for part in x.split(_AT_ONCE)]
    total = torch.stack(parts).sum()
    return total if diagonal else total - kernel(x.square().sum(dim=1)).sum(dtype=torch.float64)
