"""Share of images that a classifier is confident about."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import check_min_images


class Recognition(Metric):
    """Share of images whose predicted class has a probability of at least a half; higher is better.

    The share is near 1 for real images; lower values mean samples between classes or of no class. A classifier can also
    be confident about unrealistic images: this is not a distance from real images.
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
        """Add a classifier's logits ``(B, K)``.

        Raises:
            ValueError: the logits have the wrong shape.
        """
        if logits.dim() != 2:
            raise ValueError(f"logits must have shape (B, K), got {tuple(logits.shape)}")
        self.num_recognised += (logits.softmax(dim=1).amax(dim=1) >= 0.5).sum()
        self.num_images += len(logits)

    def compute(self) -> Tensor:
        """The share, ``()``.

        Raises:
            ValueError: no images were added.
        """
        check_min_images(1, int(self.num_images))
        return self.num_recognised.double() / self.num_images
