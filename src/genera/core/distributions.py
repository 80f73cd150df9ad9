"""The contract of distributions, and those that every family uses."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genera.core.checks import check_count, check_positive, check_seed, check_temperature
from genera.core.numerics import sum_over_dims


class Distribution(nn.Module, ABC):
    """A density over flat vectors ``(B, D)`` that can be sampled from."""

    @abstractmethod
    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """``(B, D) -> (B,)`` nats."""

    @abstractmethod
    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Sample ``(count, D)``; ``temperature`` scales the noise around the mean (in a mixture: of the component).

        Raises:
            ValueError: :func:`check_count` or :func:`check_temperature` rejects an argument.
        """


class StandardNormal(Distribution):
    """``N(0, I)`` over ``num_dims`` dimensions.

    Args:
        num_dims: length of one vector.

    Raises:
        ValueError: ``num_dims`` is not positive.
    """

    # Gives `sample` the device and dtype of the model; it has no other use.
    _anchor: Tensor

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        check_positive(num_dims=num_dims)
        self.num_dims = num_dims
        self.register_buffer("_anchor", torch.zeros(()), persistent=False)

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        return -0.5 * sum_over_dims(z**2) - 0.5 * self.num_dims * math.log(2 * math.pi)

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        check_count(count)
        check_temperature(temperature)
        shape = (count, self.num_dims)
        noise = torch.randn(shape, generator=generator, device=self._anchor.device, dtype=self._anchor.dtype)
        return temperature * noise


class DiagonalGaussian(Distribution):
    """``N(mean, diag(exp(log_scale))²)`` with learned mean and scale, initially ``N(0, I)``.

    Args:
        num_dims: length of one vector.

    Raises:
        ValueError: ``num_dims`` is not positive.
    """

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        check_positive(num_dims=num_dims)
        self.mean = nn.Parameter(torch.zeros(num_dims))
        self.log_scale = nn.Parameter(torch.zeros(num_dims))

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        return _gaussian_log_prob(z, self.mean, self.log_scale)

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        check_count(count)
        check_temperature(temperature)
        shape = (count, len(self.mean))
        noise = torch.randn(shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + temperature * self.log_scale.exp() * noise


class GaussianMixture(Distribution):
    """``Σ_k softmax(logits)_k N(means_k, diag(exp(log_scales_k))²)``, with all parameters learned.

    Initially close to ``N(0, I)``: equal weights, unit scales, and slightly different means; with equal means all
    components would get the same gradient and stay identical. The temperature of ``sample`` scales the noise around the
    mean of the sampled component and does not change the weights.

    Args:
        num_dims: D, length of one vector.
        num_components: K.
        seed: of the initial means.

    Raises:
        ValueError: ``num_dims`` or ``num_components`` is not positive.
    """

    def __init__(self, num_dims: int, *, num_components: int = 8, seed: int = 0) -> None:
        super().__init__()
        check_positive(num_dims=num_dims, num_components=num_components)
        check_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        self.logits = nn.Parameter(torch.zeros(num_components))
        self.means = nn.Parameter(0.1 * torch.randn(num_components, num_dims, generator=generator))
        self.log_scales = nn.Parameter(torch.zeros(num_components, num_dims))

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        # One component at a time needs (B, D) memory, not (B, K, D). Expanding the square into matrix products would be
        # faster, but suffers from cancellation in float32 once a mean is many scales away from zero.
        components = [_gaussian_log_prob(z, *params) for params in zip(self.means, self.log_scales, strict=True)]
        return torch.logsumexp(self.logits.log_softmax(dim=0) + torch.stack(components, dim=1), dim=1)

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        check_count(count)
        check_temperature(temperature)
        # torch.multinomial cannot sample zero times.
        weights = self.logits.softmax(dim=0)
        component = torch.multinomial(weights, max(count, 1), replacement=True, generator=generator)[:count]
        mean, scale = self.means[component], self.log_scales[component].exp()
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean + temperature * scale * noise


def _gaussian_log_prob(z: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """``(B, D)`` under the Gaussian of ``mean`` and ``log_scale``, both ``(D,)``: ``(B,)`` nats."""
    standardized = (z - mean) * torch.exp(-log_scale)
    return -0.5 * sum_over_dims(standardized**2) - log_scale.sum() - 0.5 * len(mean) * math.log(2 * math.pi)
