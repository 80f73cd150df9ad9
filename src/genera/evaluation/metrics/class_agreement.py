"""Agreement of samples with the labels they are conditional on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images


class ClassAgreement(Metric):
    """Share of samples whose predicted class is the label they are conditional on; higher is better.

    The classifier's own errors lower the value, so compare it with the classifier's accuracy on real images.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    num_agreeing: Tensor
    num_samples: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("num_agreeing", "num_samples"):
            self.add_state(name, default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, predicted: Tensor, labels: Tensor) -> None:
        """Add predicted classes of samples and the labels they are conditional on, both int64 ``(B,)``.

        Raises:
            ValueError: the shapes differ.
        """
        if predicted.shape != labels.shape:
            shapes = f"{tuple(predicted.shape)} and {tuple(labels.shape)}"
            raise ValueError(f"there must be one predicted class for each label, got {shapes}")
        self.num_agreeing += (predicted == labels).sum()
        self.num_samples += len(labels)

    def compute(self) -> Tensor:
        """The share, ``()``.

        Raises:
            ValueError: no images were added.
        """
        check_min_images(1, int(self.num_samples))
        return self.num_agreeing.double() / self.num_samples
