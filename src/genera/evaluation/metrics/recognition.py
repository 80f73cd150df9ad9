"""Whether what was drawn can be told at all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_at_least


class Recognition(Metric):
    """Share of images to one class of which a classifier gives a probability of at least a half; higher is better.

    Of real images it gives that to nearly all, and so a share that falls short stands for draws between classes or of
    none. A classifier can be sure of nonsense: it is no distance from real images.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    num_recognised: Tensor
    num_images: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("num_recognised", "num_images"):
            self.add_state(name, default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, logits: Tensor) -> None:
        """Take in a classifier's logits ``(B, K)``.

        Raises:
            ValueError: they have another shape.
        """
        if logits.dim() != 2:
            raise ValueError(f"logits must have shape (B, K), got {tuple(logits.shape)}")
        self.num_recognised += (logits.softmax(dim=1).amax(dim=1) >= 0.5).sum()
        self.num_images += len(logits)

    def compute(self) -> Tensor:
        """The share, ``()``.

        Raises:
            ValueError: there were no images.
        """
        check_at_least(1, int(self.num_images))
        return self.num_recognised.double() / self.num_images
