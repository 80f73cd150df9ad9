"""From the unit interval to the real line."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import Transform
from genera.flows.log_det import LogDet


class Logit(Transform):
    """``y = logit(α/2 + (1 - α) x)``: maps [0, 1] to the real line; α keeps the ends finite.

    Args:
        shape: of one input, without the batch.
        alpha: sum of the margins at both ends; the tutorial's 1e-5.

    Raises:
        ValueError: ``alpha`` is not in (0, 1).

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 4.1.
    """

    def __init__(self, shape: tuple[int, ...], *, alpha: float = 1e-5) -> None:
        super().__init__(shape)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be in (0, 1), got {alpha}")
        self.alpha = alpha
        self.log_det = LogDet()

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        p = self.alpha / 2 + (1 - self.alpha) * x
        # d logit(p) / dp = 1 / (p (1 - p))
        log_derivative = math.log1p(-self.alpha) - torch.log(p) - torch.log1p(-p)
        return torch.log(p) - torch.log1p(-p), self.log_det(log_derivative)

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x = (torch.sigmoid(y) - self.alpha / 2) / (1 - self.alpha)
        # log sigmoid'(y) = log sigmoid(y) + log sigmoid(-y)
        log_derivative = -F.softplus(-y) - F.softplus(y) - math.log1p(-self.alpha)
        return x, self.log_det(log_derivative)
