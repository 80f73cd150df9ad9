"""The mixture-of-logistics transform of Flow++."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import check_positive
from genera.flows.elementwise.affine import Affine
from genera.flows.elementwise.base import Elementwise

#: Bound of ``|log s|`` of a component: e^-5 is narrower than one of 256 grey levels after the logit.
MAX_LOG_SCALE = 5.0
#: Enough to bisect any bracket to machine precision; Newton's method needs about ten.
MAX_STEPS = 100


class LogisticMixture(Elementwise):
    """The logit of the distribution function of a mixture, then an affine transform.

    ``y = affine(logit Σ_k π_k σ((x - μ_k) / s_k))``. The parameters of a value are the logits of the K weights, the K
    means as offsets from a grid of spacing 1 around zero, the K log-scales, and the two of :class:`Affine`. The inverse
    is computed numerically to machine precision; its gradients (first order only) come from the implicit function.

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
        # Gradients of the implicit function: a Newton step from the root, of length zero, differentiated with a
        # constant slope.
        value, log_slope = mixture.logit_cdf(root)
        error = value - z
        x = root - (error - error.detach()) / _slope(log_slope.detach())
        _, log_derivative = mixture.logit_cdf(x)
        return x, log_scale - log_derivative

    def _mixture(self, params: Tensor) -> _Mixture:
        weights, means, log_scales = params[:, :-2].chunk(3, dim=1)
        # Parameters of zero must not give K equal components, whose equal gradients would keep them equal. So the means
        # start one scale apart, which learns faster than a separate learning rate for each component.
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
        # dz/dx = pdf / cdf + pdf / (1 - cdf), summed over components: in the tails the logarithms of pdf and cdf are
        # large and nearly equal, but those of each component's share of the cdf are small where they contribute.
        hazards = torch.logaddexp(
            below - log_cdf.unsqueeze(1) + log_above, above - log_survival.unsqueeze(1) + log_below
        )
        return log_cdf - log_survival, (hazards - self.log_scales).logsumexp(dim=1)

    @torch.no_grad()
    def quantile(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The ``x`` with ``logit cdf(x) = z``, and ``log dz/dx``, by Newton's method safeguarded with bisection.

        A Newton step is used if it stays inside the bracket and is at most half as long as the step before the last.
        Most values converge in three steps; whenever half of the active values have converged, they are removed.
        """
        # The root is between the smallest and the largest quantile of the single components.
        quantiles = self.means + self.log_scales.exp() * z.unsqueeze(1)
        low, high = quantiles.amin(dim=1).flatten(), quantiles.amax(dim=1).flatten()
        # Flattened values, (N,), and their mixtures, (1, K, N), so that converged values can be removed.
        mixture = _Mixture(*(field.movedim(1, 0).flatten(1)[None] for field in self))
        roots, slopes = torch.empty_like(low), torch.empty_like(low)
        target, indices = z.flatten(), torch.arange(z.numel(), device=z.device)
        x = (low + high) / 2
        last = before_last = high - low
        active = torch.ones_like(indices, dtype=torch.bool)
        tolerance = 4 * torch.finfo(z.dtype).eps
        for _ in range(MAX_STEPS):
            value, log_slope = (values[0] for values in mixture.logit_cdf(x[None]))
            error = value - target
            # Neither z nor x can be more accurate than its rounding; further steps would follow noise.
            active = active & (error.abs() > tolerance * (1 + target.abs())) & (last > tolerance * (1 + x.abs()))
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
                roots[indices], slopes[indices] = x, log_slope
                remaining = active.nonzero().squeeze(1)
                mixture = _Mixture(*(field.index_select(2, remaining) for field in mixture))
                target, indices, x, low, high, last, before_last, active = (
                    values[remaining] for values in (target, indices, x, low, high, last, before_last, active)
                )
        roots[indices], slopes[indices] = x, log_slope
        return roots.view(z.shape), slopes.view(z.shape)


def _slope(log_slope: Tensor) -> Tensor:
    """``exp(log_slope)``, at least machine epsilon: between distant components it would underflow to zero."""
    return log_slope.exp().clamp_min(torch.finfo(log_slope.dtype).eps)
