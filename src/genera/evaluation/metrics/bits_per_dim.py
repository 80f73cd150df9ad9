"""Bits per dimension."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from genera.core import bits_per_dim
from genera.evaluation.metrics.base import PerImageMetric


class BitsPerDim(PerImageMetric):
    """Mean of ``-log2 p(integer pixels) / (C · H · W)``; lower is better.

    Non-finite values are not skipped: they make the mean non-finite.

    Args:
        num_dims: ``C · H · W`` of one image.

    Source:
        Theis, van den Oord & Bethge (2016), section 3.1.
    """

    higher_is_better = False

    def __init__(self, num_dims: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_dims = num_dims

    def update(self, log_prob: Tensor) -> None:
        """Add log-probabilities ``(B,)``, nats."""
        self.per_image.append(bits_per_dim(log_prob.double(), self.num_dims))
