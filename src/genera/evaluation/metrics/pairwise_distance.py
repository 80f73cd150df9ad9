"""Mean distance between features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images, concatenate, float64_features

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
        self.features.append(float64_features(features, self.num_features))

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: fewer than two images were added.
        """
        x = concatenate(self.features, self.num_features)
        check_min_images(2, len(x))
        # Inner products are fast; in float64 and with the mean subtracted they are precise enough.
        x = x - x.mean(dim=0)
        total = sum(torch.cdist(part, x, compute_mode="use_mm_for_euclid_dist").sum() for part in x.split(_CHUNK_SIZE))
        return torch.as_tensor(total / (len(x) * (len(x) - 1)))
