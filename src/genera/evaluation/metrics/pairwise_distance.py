"""Mean distance between features."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.evaluation.metrics.checks import check_features

#: Rows of the distance matrix computed at a time.
_CHUNK_SIZE = 500


def pairwise_distance(features: Tensor) -> Tensor:
    """Mean Euclidean distance between the features of two images, over all pairs; 0 if all images are equal.

    ``(N, F)`` to float64 ``()``.

    Raises:
        ValueError: there are fewer than two images, or the features have a wrong shape or are not finite.
    """
    check_features(2, images=features)
    # Inner products are fast; in float64 and with the mean subtracted they are precise enough.
    x = features.double()
    x = x - x.mean(dim=0)
    sums = [torch.cdist(part, x, compute_mode="use_mm_for_euclid_dist").sum() for part in x.split(_CHUNK_SIZE)]
    return torch.stack(sums).sum() / (len(x) * (len(x) - 1))
