"""KL divergence of the classes of samples from uniform."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images, class_counts


class ClassKl(Metric):
    """``KL(classes of the samples ‖ uniform)`` in nats; lower is better.

    0 if all classes are equally frequent, ``log(num_classes)`` if there is only one class.

    Args:
        num_classes: K.

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks".
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.add_state("counts", default=torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, labels: Tensor) -> None:
        """Add the classes of samples, int64 ``(B,)``.

        Raises:
            ValueError: the labels are not int64 ``(B,)``, or out of range.
        """
        self.counts += class_counts(labels, self.num_classes)

    def compute(self) -> Tensor:
        """The divergence, ``()``.

        Raises:
            ValueError: no images were added.
        """
        check_min_images(1, int(self.counts.sum()))
        shares = self.counts.double() / self.counts.sum()
        # Rounding could make it negative.
        return (math.log(self.num_classes) + torch.xlogy(shares, shares).sum()).clamp_min(0)
