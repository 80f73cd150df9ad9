"""Number of classes among samples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images, class_counts


class ModeCoverage(Metric):
    """Number of classes with at least a given share of the samples; higher is better.

    Args:
        num_classes: K.
        share: minimum share of the samples for a class to count.

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
            raise ValueError(f"share must be in (0, 1], got {share}")
        self.num_classes = num_classes
        self.share = share
        self.add_state("counts", default=torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, labels: Tensor) -> None:
        """Add the classes of samples, int64 ``(B,)``.

        Raises:
            ValueError: the labels are not int64 ``(B,)``, or out of range.
        """
        self.counts += class_counts(labels, self.num_classes)

    def compute(self) -> Tensor:
        """The number of classes, ``()``.

        Raises:
            ValueError: no images were added.
        """
        check_min_images(1, int(self.counts.sum()))
        # Division instead of multiplication makes 7 of 100 exactly 0.07.
        return (self.counts.double() / self.counts.sum() >= self.share).sum()
