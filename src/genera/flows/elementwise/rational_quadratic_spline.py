"""The rational-quadratic spline of neural spline flows."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.flows.elementwise.base import Elementwise


class RationalQuadraticSpline(Elementwise):
    """A smooth increasing curve through ``num_bins + 1`` knots inside ``[-bound, bound]``, the identity outside.

    Between two knots ``y`` is a quotient of two quadratics of ``x``, given by the positions of the knots and the slopes
    at them. The parameters of a value are the logits of the K widths, those of the K heights, and the K − 1 inner
    slopes; the slope at the ends is 1, so the curve is smooth there too.

    Args:
        channels: C; nothing is learned per channel.
        num_bins: K, the paper's 8.
        bound: half the length of the interval, the paper's 3.
        min_width: of a bin, as a fraction of the interval.
        min_height: of a bin, as a fraction of the interval.
        min_derivative: at an inner knot.

    Raises:
        ValueError: ``num_bins`` is below 2, ``bound`` not positive, or a minimum leaves no room.

    Source:
        Durkan, Bekasov, Murray & Papamakarios (2019), section 3.1 and appendix A.1.
    """

    def __init__(
        self,
        channels: int,
        *,
        num_bins: int = 8,
        bound: float = 3.0,
        min_width: float = 1e-3,
        min_height: float = 1e-3,
        min_derivative: float = 1e-3,
    ) -> None:
        super().__init__()
        if num_bins < 2:
            raise ValueError(f"num_bins must be at least 2, got {num_bins}")
        if not 0 < bound < math.inf:
            raise ValueError(f"bound must be positive and finite, got {bound}")
        for name, value in [("min_width", min_width), ("min_height", min_height)]:
            if not 0 < value * num_bins < 1:
                raise ValueError(f"{name} must be in (0, 1 / num_bins), got {value} with {num_bins} bins")
        if not 0 < min_derivative < 1:
            raise ValueError(f"min_derivative must be in (0, 1), got {min_derivative}")
        self.num_params = 3 * num_bins - 1
        self.num_bins = num_bins
        self.bound = bound
        self.min_width = min_width
        self.min_height = min_height
        self.min_derivative = min_derivative

    def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        # Clamp values outside, so that their unused results have finite gradients.
        inside, clamped = x.abs() <= self.bound, x.clamp(-self.bound, self.bound)
        (x0, x1), (y0, y1), (d0, d1) = self._bin(clamped, params, index=0)
        s, xi = (y1 - y0) / (x1 - x0), (clamped - x0) / (x1 - x0)
        y = y0 + (y1 - y0) * xi * (s * xi + d0 * (1 - xi)) / _denominator(xi, s, d0, d1)
        return y.where(inside, x), _log_derivative(xi, s, d0, d1).where(inside, 0)

    def inverse(self, y: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        inside, clamped = y.abs() <= self.bound, y.clamp(-self.bound, self.bound)
        (x0, x1), (y0, y1), (d0, d1) = self._bin(clamped, params, index=1)
        s, eta = (y1 - y0) / (x1 - x0), (clamped - y0) / (y1 - y0)
        # The root of the paper's quadratic. Its discriminant b² − 4ac equals g² + 4s²η(1 − η), which has no
        # differences; each of the two forms of the root is free of cancellation for one sign of g.
        g = d0 * (1 - eta) - d1 * eta
        q = g.where(g >= 0, -g) + (g**2 + 4 * s**2 * eta * (1 - eta)).sqrt()
        below, above = 2 * s * eta, 2 * s * (1 - eta)
        xi = torch.where(g >= 0, below / (q + below), q / (q + above))
        x = x0 + (x1 - x0) * xi
        return x.where(inside, y), -_log_derivative(xi, s, d0, d1).where(inside, 0)

    def _bin(self, value: Tensor, params: Tensor, *, index: int) -> list[tuple[Tensor, ...]]:
        """x, y and slope at both ends of the bins that hold values of x (index 0) or y (1); each ``(B, C, H, W)``."""
        knots = self._knots(params)
        lower = (value.unsqueeze(1) >= knots[index][:, 1:-1]).sum(dim=1, keepdim=True)
        ends = torch.cat([lower, lower + 1], dim=1)
        return [each.gather(1, ends).unbind(dim=1) for each in knots]

    def _knots(self, params: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Positions of the knots in x and in y, and the slopes at them; each ``(B, K + 1, C, H, W)``."""
        widths, heights, derivatives = params.split([self.num_bins, self.num_bins, self.num_bins - 1], dim=1)
        # The shift makes softplus(0 + shift) equal 1 − min_derivative: parameters of zero have slope 1 everywhere.
        inner = self.min_derivative + F.softplus(derivatives + math.log(math.expm1(1 - self.min_derivative)))
        one = torch.ones_like(widths[:, :1])
        slopes = torch.cat([one, inner, one], dim=1)
        return self._positions(widths, self.min_width), self._positions(heights, self.min_height), slopes

    def _positions(self, logits: Tensor, smallest: float) -> Tensor:
        """``(B, K, C, H, W)`` logits of the bin sizes -> ``(B, K + 1, C, H, W)`` knots from -bound to bound."""
        sizes = smallest + (1 - self.num_bins * smallest) * logits.softmax(dim=1)
        inner = (2 * sizes[:, :-1].cumsum(dim=1) - 1) * self.bound
        # The ends are constants, not sums: rounding would leave a gap between the spline and the identity.
        end = torch.full_like(inner[:, :1], self.bound)
        return torch.cat([-end, inner, end], dim=1)


def _denominator(xi: Tensor, s: Tensor, d0: Tensor, d1: Tensor) -> Tensor:
    """The denominator of the quotient, at least ``s / 2``."""
    return s + (d0 + d1 - 2 * s) * xi * (1 - xi)


def _log_derivative(xi: Tensor, s: Tensor, d0: Tensor, d1: Tensor) -> Tensor:
    """``log dy/dx`` at the fraction ``xi`` of a bin of mean slope ``s`` with slopes ``d0`` and ``d1`` at its ends."""
    numerator = d1 * xi**2 + 2 * s * xi * (1 - xi) + d0 * (1 - xi) ** 2
    return 2 * s.log() + numerator.log() - 2 * _denominator(xi, s, d0, d1).log()
