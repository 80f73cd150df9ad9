"""The contract of distributions, and those that every family uses."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genera.core.checks import check_count, check_positive, check_seed, check_temperature
from genera.core.numerics import sum_over_dims


class Distribution(nn.Module, ABC):
    """A distribution of values of one shape: a density of real numbers, or the probabilities of integers.

    It is the base of a flow, the prior of a latent or, conditional on a context, a likelihood.

    Args:
        event_shape: shape of one value, without the batch.

    Raises:
        ValueError: a size is not positive.
    """

    #: Whether values are int64 and ``log_prob`` is of probabilities; otherwise values are real.
    is_discrete: bool = False

    def __init__(self, event_shape: tuple[int, ...]) -> None:
        super().__init__()
        for size in event_shape:
            check_positive(event_shape=size)
        self.event_shape = tuple(event_shape)

    @property
    def num_dims(self) -> int:
        """D, the number of dimensions of one value."""
        return math.prod(self.event_shape)

    @abstractmethod
    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        """``(B, *event_shape) -> (B,)`` nats; an unconditional distribution ignores the context, ``(B, …)``."""

    def sample(
        self,
        count: int,
        *,
        context: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Sample ``(count, *event_shape)``, each value for its own row of the context.

        ``temperature`` scales the noise around the mean, in a mixture around the mean of the sampled component.

        Raises:
            ValueError: :func:`check_count` or :func:`check_temperature` rejects an argument.
        """
        check_count(count)
        check_temperature(temperature)
        return self._sample(count, context, temperature, generator)

    @abstractmethod
    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        """:meth:`sample` with arguments that have been checked."""

    def log_prob_per_dim(self, value: Tensor) -> Tensor | None:
        """The terms ``(B, *event_shape)`` of ``log_prob`` if the dimensions are independent, otherwise None."""
        return None

    def kl_per_dim(self, mean: Tensor, log_scale: Tensor) -> Tensor | None:
        """``KL(N(mean, diag(exp(log_scale))²) ‖ p)`` per dimension, nats; all three are ``(B, *event_shape)``.

        None if it has no closed form; a model then estimates the divergence from samples.
        """
        return None

    def bind(self, encoder: nn.Module, shape: tuple[int, ...], *, class_conditional: bool) -> None:
        """Called once by the model whose prior this is, with its encoder of ``(B, *shape)``, which few priors need.

        Raises:
            ValueError: it needs the encoder, and the encoder also needs labels.
        """

    def initialize(self, x: Tensor) -> None:
        """Initialize a prior from inputs of the encoder, ``(B, *shape)``, once before training."""


class StandardNormal(Distribution):
    """``N(0, I)``.

    Args:
        event_shape: shape of one value.
    """

    # Gives `sample` the device and dtype of the model; it has no other use.
    _anchor: Tensor

    def __init__(self, event_shape: tuple[int, ...]) -> None:
        super().__init__(event_shape)
        self.register_buffer("_anchor", torch.zeros(()), persistent=False)

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        return -0.5 * sum_over_dims(value**2) - 0.5 * self.num_dims * math.log(2 * math.pi)

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        shape = (count, *self.event_shape)
        noise = torch.randn(shape, generator=generator, device=self._anchor.device, dtype=self._anchor.dtype)
        return temperature * noise

    def log_prob_per_dim(self, value: Tensor) -> Tensor:
        return -0.5 * value**2 - 0.5 * math.log(2 * math.pi)

    def kl_per_dim(self, mean: Tensor, log_scale: Tensor) -> Tensor:
        """In closed form.

        Source:
            Kingma & Welling (2014), appendix B.
        """
        return 0.5 * (mean**2 + (2 * log_scale).exp() - 1) - log_scale


class DiagonalGaussian(Distribution):
    """``N(mean, diag(exp(log_scale))²)`` with learned mean and scale, initially ``N(0, I)``.

    Args:
        event_shape: shape of one value.
    """

    def __init__(self, event_shape: tuple[int, ...]) -> None:
        super().__init__(event_shape)
        self.mean = nn.Parameter(torch.zeros(self.event_shape))
        self.log_scale = nn.Parameter(torch.zeros(self.event_shape))

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        return _gaussian_log_prob(value, self.mean, self.log_scale)

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        shape = (count, *self.event_shape)
        noise = torch.randn(shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + temperature * self.log_scale.exp() * noise

    def log_prob_per_dim(self, value: Tensor) -> Tensor:
        return gaussian_log_prob_per_dim(value, self.mean, self.log_scale)


class GaussianMixture(Distribution):
    """``Σ_k softmax(logits)_k N(means_k, diag(exp(log_scales_k))²)``, with all parameters learned.

    Initially close to ``N(0, I)``: equal weights, unit scales, and slightly different means; with equal means all
    components would get the same gradient and stay identical. The temperature of ``sample`` scales the noise around the
    mean of the sampled component and does not change the weights.

    Args:
        event_shape: shape of one value.
        num_components: K.
        seed: of the initial means.

    Raises:
        ValueError: a size or ``num_components`` is not positive.
    """

    def __init__(self, event_shape: tuple[int, ...], *, num_components: int = 8, seed: int = 0) -> None:
        super().__init__(event_shape)
        check_positive(num_components=num_components)
        check_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        self.logits = nn.Parameter(torch.zeros(num_components))
        self.means = nn.Parameter(0.1 * torch.randn(num_components, *self.event_shape, generator=generator))
        self.log_scales = nn.Parameter(torch.zeros_like(self.means))

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        # One component at a time needs (B, D) memory, not (B, K, D). Expanding the square into matrix products would be
        # faster, but suffers from cancellation in float32 once a mean is many scales away from zero.
        components = [_gaussian_log_prob(value, *params) for params in zip(self.means, self.log_scales, strict=True)]
        return torch.logsumexp(self.logits.log_softmax(dim=0) + torch.stack(components, dim=1), dim=1)

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        # torch.multinomial cannot sample zero times.
        weights = self.logits.softmax(dim=0)
        component = torch.multinomial(weights, max(count, 1), replacement=True, generator=generator)[:count]
        mean, scale = self.means[component], self.log_scales[component].exp()
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean + temperature * scale * noise


def gaussian_log_prob_per_dim(value: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """``log N(value; mean, exp(log_scale)²)`` of every dimension, nats, for shapes that broadcast."""
    standardized = (value - mean) * torch.exp(-log_scale)
    return -0.5 * standardized**2 - log_scale - 0.5 * math.log(2 * math.pi)


def _gaussian_log_prob(value: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """The same for one Gaussian, summed over all dimensions but the first of ``value``: ``(B,)`` nats."""
    standardized = (value - mean) * torch.exp(-log_scale)
    return -0.5 * sum_over_dims(standardized**2) - log_scale.sum() - 0.5 * mean.numel() * math.log(2 * math.pi)
