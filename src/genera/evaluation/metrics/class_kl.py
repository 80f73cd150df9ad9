"""How unevenly a model draws the classes."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least, class_counts


class ClassKl(Metric):
    """``KL(classes of the samples ‖ uniform)`` in nats; lower is better.

    0 where every class is drawn equally often, ``log(num_classes)`` where one alone is drawn.

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
        """Take in the classes of samples, int64 ``(B,)``.

        Raises:
            ValueError: they are not int64 ``(B,)``, or one is of none of the classes.
        """
        self.counts += class_counts(labels, self.num_classes)

    def compute(self) -> Tensor:
        """The divergence, ``()``.

        Raises:
            ValueError: there were no images.
        """
        check_at_least(1, int(self.counts.sum()))
        shares = self.counts.double() / self.counts.sum()
        # Rounding must not take it below zero.
        return (math.log(self.num_classes) + torch.xlogy(shares, shares).sum()).clamp_min(0)
