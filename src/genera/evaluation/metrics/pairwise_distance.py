"""How far apart features are from each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class PairwiseDistance(Metric):
    """Mean Euclidean distance between the features of two images; 0 where all are the same.

    Images are paired in the order in which they come, first with second, third with fourth: draws of a model are
    pairs of independent ones then.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    distance: Tensor
    num_pairs: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("distance", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("num_pairs", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, features: Tensor) -> None:
        """Take in features ``(B, F)``; a last one without a partner is left out."""
        pairs = len(features) // 2
        x = features[: 2 * pairs].double()
        self.distance += torch.linalg.vector_norm(x[::2] - x[1::2], dim=1).sum()
        self.num_pairs += pairs

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.distance / self.num_pairs
