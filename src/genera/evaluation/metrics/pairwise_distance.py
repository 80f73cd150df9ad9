"""How far apart features are from each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least, exact_features, gathered

#: Features whose distances to all others are taken at a time.
_AT_ONCE = 500


class PairwiseDistance(Metric):
    """Mean Euclidean distance between the features of two images, over all pairs; 0 where all are the same.

    Args:
        num_features: F.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    features: list[Tensor]

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_features = num_features
        self.add_state("features", default=[], dist_reduce_fx="cat")

    def update(self, features: Tensor) -> None:
        """Take in features ``(B, F)``.

        Raises:
            ValueError: the features have another shape, or are not finite.
        """
        self.features.append(exact_features(features, self.num_features))

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: there were fewer than two images.
        """
        x = gathered(self.features, self.num_features)
        check_at_least(2, len(x))
        # Inner products are the fast way; in float64, and around the mean, they lose nothing that matters.
        x = x - x.mean(dim=0)
        total = sum(torch.cdist(part, x, compute_mode="use_mm_for_euclid_dist").sum() for part in x.split(_AT_ONCE))
        return torch.as_tensor(total / (len(x) * (len(x) - 1)))
