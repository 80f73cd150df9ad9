"""Whether a conditional model draws what it is asked for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least


class ClassAgreement(Metric):
    """Share of samples that a classifier takes for the class that was asked for; higher is better.

    The classifier's own mistakes count against the samples: its accuracy on real images belongs beside it.
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

    def update(self, predicted: Tensor, wanted: Tensor) -> None:
        """Take in the classes that samples are taken for and those asked for, both int64 ``(B,)``.

        Raises:
            ValueError: their numbers differ.
        """
        if predicted.shape != wanted.shape:
            raise ValueError(
                f"there must be one predicted class for each wanted, got {tuple(predicted.shape)} "
                f"and {tuple(wanted.shape)}"
            )
        self.num_agreeing += (predicted == wanted).sum()
        self.num_samples += len(wanted)

    def compute(self) -> Tensor:
        """The share, ``()``.

        Raises:
            ValueError: there were no images.
        """
        check_at_least(1, int(self.num_samples))
        return self.num_agreeing.double() / self.num_samples
