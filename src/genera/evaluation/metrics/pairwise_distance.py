"""Mean distance between features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.base import check_features, concatenate

#: Rows of the distance matrix computed at a time.
_CHUNK_SIZE = 500


class PairwiseDistance(Metric):
    """Mean Euclidean distance between the features of two images, over all pairs; 0 if all images are equal.

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
        """Add features ``(B, F)``.

        Raises:
            ValueError: the features have the wrong shape or are not finite.
        """
        check_features(features, self.num_features)
        self.features.append(features.double())

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: fewer than two images were added.
        """
        x = concatenate(self.features, minimum=2)
        # Inner products are fast; in float64 and with the mean subtracted they are precise enough.
        x = x - x.mean(dim=0)
        total = sum(torch.cdist(part, x, compute_mode="use_mm_for_euclid_dist").sum() for part in x.split(_CHUNK_SIZE))
        return torch.as_tensor(total / (len(x) * (len(x) - 1)))
