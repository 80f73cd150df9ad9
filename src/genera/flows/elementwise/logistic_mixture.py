"""The mixture-of-logistics transform of Flow++."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import check_positive
from genera.flows.elementwise.affine import Affine
from genera.flows.elementwise.base import Elementwise

#: ``|log s|`` of a component stays below this: e^-5 is narrower than one of 256 grey levels after the logit.
MAX_LOG_SCALE = 5.0
#: Enough to bisect any bracket down to the last digit; Newton steps need about ten.
MAX_STEPS = 100


class LogisticMixture(Elementwise):
    """The logit of a mixture's distribution function, then an affine transform.

    ``y = affine(logit Σ_k π_k σ((x - μ_k) / s_k))``. The parameters of a value are the logits of the K weights, the K
    means, counted from places one apart around zero, the K log-scales, and the two of :class:`Affine`. The inverse is
    found numerically, to the last digits; its gradients, of first order only, are those of the implicit function.

    Args:
        channels: C.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive.

    Source:
        Ho, Chen, Srinivas, Duan & Abbeel (2019), section 3.2.
    """

    def __init__(self, channels: int, *, num_components: int = 4) -> None:
        super().__init__()
        check_positive(num_components=num_components)
        self.num_params = 3 * num_components + 2
        self.affine = Affine(channels)

    def forward(self, x: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        z, log_derivative = self._mixture(params).logit_cdf(x)
        y, log_scale = self.affine(z, params[:, -2:])
        return y, log_derivative + log_scale

    def inverse(self, y: Tensor, params: Tensor) -> tuple[Tensor, Tensor]:
        z, log_scale = self.affine.inverse(y, params[:, -2:])
        mixture = self._mixture(params)
        root, log_slope = mixture.quantile(z)
        if not torch.is_grad_enabled():
            return root, log_scale - log_slope
        # The implicit function's gradients: a Newton step from the root, of length zero, differentiated as if its
        # slope were constant.
        value, log_slope = mixture.logit_cdf(root)
        error = value - z
        x = root - (error - error.detach()) / _slope(log_slope.detach())
        _, log_derivative = mixture.logit_cdf(x)
        return x, log_scale - log_derivative

    def _mixture(self, params: Tensor) -> _Mixture:
        weights, means, log_scales = params[:, :-2].chunk(3, dim=1)
        # Parameters of zero must not be K times the same component: with equal gradients they would stay the same for
        # ever. So the means start one scale apart, which learns faster than a speed of its own for each component.
        num_components = weights.shape[1]
        ranks = torch.arange(num_components, dtype=params.dtype, device=params.device)[:, None, None, None]
        means = means + ranks - (num_components - 1) / 2
        log_scales = MAX_LOG_SCALE * torch.tanh(log_scales / MAX_LOG_SCALE)
        return _Mixture(weights.log_softmax(dim=1), means, log_scales)


class _Mixture(NamedTuple):
    """A mixture of K logistic distributions per value; each field is ``(B, K, C, H, W)``."""

    log_weights: Tensor
    means: Tensor
    log_scales: Tensor

    def logit_cdf(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``z = logit cdf(x)`` and ``log dz/dx``, both ``(B, C, H, W)``, exact in the tails."""
        u = (x.unsqueeze(1) - self.means) * (-self.log_scales).exp()
        log_below, log_above = F.logsigmoid(u), F.logsigmoid(-u)
        below, above = self.log_weights + log_below, self.log_weights + log_above
        log_cdf, log_survival = below.logsumexp(dim=1), above.logsumexp(dim=1)
        # dz/dx = pdf / cdf + pdf / (1 - cdf), component by component: in the tails the logarithms of pdf and cdf are
        # large and nearly equal, but those of the components' shares in the cdf are not large where they matter.
        hazards = torch.logaddexp(
            below - log_cdf.unsqueeze(1) + log_above, above - log_survival.unsqueeze(1) + log_below
        )
        return log_cdf - log_survival, (hazards - self.log_scales).logsumexp(dim=1)

    @torch.no_grad()
    def quantile(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The ``x`` with ``logit cdf(x) = z``, and ``log dz/dx``: Newton's method, bisecting where it is not safe.

        A Newton step is taken where it stays inside the bracket and is at most half as long as the last but one. Most
        values are found in three steps; whenever half of those that are left are found, the others go on alone.
        """
        # Left of all the components' own quantiles every component is too small, right of them too large.
        quantiles = self.means + self.log_scales.exp() * z.unsqueeze(1)
        low, high = quantiles.amin(dim=1).flatten(), quantiles.amax(dim=1).flatten()
        # Values in one row, (N,), and their mixtures (1, K, N), so that any of them can be left out.
        mixture = _Mixture(*(field.movedim(1, 0).flatten(1)[None] for field in self))
        found, slopes = torch.empty_like(low), torch.empty_like(low)
        sought, places = z.flatten(), torch.arange(z.numel(), device=z.device)
        x = (low + high) / 2
        last = before_last = high - low
        active = torch.ones_like(places, dtype=torch.bool)
        tolerance = 4 * torch.finfo(z.dtype).eps
        for _ in range(MAX_STEPS):
            value, log_slope = (values[0] for values in mixture.logit_cdf(x[None]))
            error = value - sought
            # Neither z nor x can be met more closely than it is rounded; to step on would be to follow noise.
            active = active & (error.abs() > tolerance * (1 + sought.abs())) & (last > tolerance * (1 + x.abs()))
            num_active = int(active.sum())
            if not num_active:
                break
            low, high = x.where(error < 0, low), x.where(error >= 0, high)
            newton = error / _slope(log_slope)
            safe = (x - newton >= low) & (x - newton <= high) & (2 * newton.abs() <= before_last)
            step = torch.where(safe, newton, x - (low + high) / 2)
            x = torch.where(active, x - step, x)
            last, before_last = step.abs(), last
            if 2 * num_active < len(x):
                found[places], slopes[places] = x, log_slope
                here = active.nonzero().squeeze(1)
                mixture = _Mixture(*(field.index_select(2, here) for field in mixture))
                sought, places, x, low, high, last, before_last, active = (
                    values[here] for values in (sought, places, x, low, high, last, before_last, active)
                )
        found[places], slopes[places] = x, log_slope
        return found.view(z.shape), slopes.view(z.shape)


def _slope(log_slope: Tensor) -> Tensor:
    """The slope, not below what rounding can tell from flat: between distant components it would underflow to zero."""
    return log_slope.exp().clamp_min(torch.finfo(log_slope.dtype).eps)
