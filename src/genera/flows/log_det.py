"""The log-determinant of element-wise transforms."""

from __future__ import annotations

from torch import Tensor, nn

from genera.core import sum_over_dims


class LogDet(nn.Module):
    """The sum of the log-derivatives of all values: a module, so that a hook can see them; see :func:`log_prob_map`."""

    def forward(self, log_derivative: Tensor) -> Tensor:
        """``(B, …) -> (B,)`` nats."""
        return sum_over_dims(log_derivative)
