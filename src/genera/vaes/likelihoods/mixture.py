"""The common part of pixel likelihoods that are mixtures."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from genera.core import ImageSpec, at_least_float32, check_positive, sum_over_dims
from genera.vaes.likelihoods.base import PixelLikelihood, scale_from


class MixturePixels(PixelLikelihood):
    """A mixture of K densities for every pixel value; the decoder outputs weights, means and scales.

    Its output ``(B, 3 · K · C, H, W)`` has all logits of the weights first, then all means, then all log-scales, each
    component by component. ``mean`` is the weighted average of the components' means, each clamped to [0, 1].
    ``sample`` samples a component, then from its density, and rounds to the nearest level.

    Args:
        spec: the images.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive.
    """

    def __init__(self, spec: ImageSpec, *, num_components: int) -> None:
        super().__init__(spec)
        check_positive(num_components=num_components)
        self.num_components = num_components

    @abstractmethod
    def log_interval(self, lower: Tensor, upper: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        """The log-probability of an interval under a component, in nats; all shapes broadcast."""

    @abstractmethod
    def noise(self, like: Tensor, *, generator: torch.Generator | None) -> Tensor:
        """Samples of a component with mean 0 and scale 1, of the shape and dtype of ``like``."""

    @property
    def out_channels(self) -> int:
        return 3 * self.num_components * self.spec.channels

    def log_prob(self, params: Tensor, images: Tensor) -> Tensor:
        logits, means, scales = self.components(params)
        lower, upper = self.bins(images.unsqueeze(1), dtype=means.dtype)
        log_probs = self.log_interval(lower, upper, means, scales)
        return sum_over_dims((logits + log_probs).logsumexp(dim=1) - logits.logsumexp(dim=1))

    def mean(self, params: Tensor) -> Tensor:
        logits, means, _ = self.components(params)
        # By rounding, weights may sum to slightly more than 1.
        return (logits.softmax(dim=1) * means.clamp(0, 1)).sum(dim=1).clamp(max=1)

    def sample(self, params: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        logits, means, scales = self.components(params)
        # The Gumbel-max trick: the argmax of logits with Gumbel noise is a sample.
        negative_gumbel = torch.empty_like(logits).exponential_(generator=generator).log()
        component = (logits - negative_gumbel).argmax(dim=1, keepdim=True)
        mean, scale = (values.gather(1, component).squeeze(1) for values in (means, scales))
        return self.spec.to_pixels(mean + scale * self.noise(mean, generator=generator))

    def components(self, params: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, means and scales, each ``(B, K, C, H, W)``.

        Parameters of zero give equal weights, scales of 0.25 and means spread evenly over [0, 1]; equal components
        would get equal gradients and stay equal.
        """
        logits, means, log_scales = at_least_float32(params).unflatten(1, (3, self.num_components, -1)).unbind(1)
        indices = torch.arange(self.num_components, dtype=means.dtype, device=means.device)
        centers = (indices + 0.5) / self.num_components
        return logits, means + centers[:, None, None, None], scale_from(log_scales)
