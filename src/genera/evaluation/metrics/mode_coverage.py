"""How many of the classes a model draws."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least, class_counts


class ModeCoverage(Metric):
    """Number of classes that a fair part of the samples belong to.

    Args:
        num_classes: K.
        share: of the samples that a class must have at least to count.

    Raises:
        ValueError: ``share`` is not in (0, 1].

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks", who count every class
        that appears at all.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int, share: float = 0.02, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < share <= 1:
            raise ValueError(f"share must lie in (0, 1], got {share}")
        self.num_classes = num_classes
        self.share = share
        self.add_state("counts", default=torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, labels: Tensor) -> None:
        """Take in the classes of samples, int64 ``(B,)``.

        Raises:
            ValueError: they are not int64 ``(B,)``, or one is of none of the classes.
        """
        self.counts += class_counts(labels, self.num_classes)

    def compute(self) -> Tensor:
        """The number of classes, ``()``.

        Raises:
            ValueError: there were no images.
        """
        check_at_least(1, int(self.counts.sum()))
        # Divided and not multiplied: 7 of 100 are then 0.07 to the last digit.
        return (self.counts.double() / self.counts.sum() >= self.share).sum()
