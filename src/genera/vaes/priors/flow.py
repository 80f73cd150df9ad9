"""A flow as the prior of the latent."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genera.core import Distribution, StandardNormal, Transform


class FlowPrior(Distribution):
    """A distribution defined by a transform f to a base distribution: ``log p_base(f(z)) + log |det df/dz|``.

    An :class:`~genera.flows.ActNorm` in it is not initialized from data and starts as the identity; the KL term keeps
    latents close to a standard normal initially.

    Args:
        event_shape: shape of one latent.
        transform: factory, called with ``event_shape``; if that is flat, with ``(D, 1, 1)``, so that channel couplings
            and their conditioners work.
        base: factory of the base distribution, called with ``(D,)``.

    Source:
        Chen et al. (2017), "Variational lossy autoencoder", section 3.2.
    """

    def __init__(
        self,
        event_shape: tuple[int, ...],
        *,
        transform: Callable[[tuple[int, ...]], Transform],
        base: Callable[[tuple[int, ...]], Distribution] = StandardNormal,
    ) -> None:
        super().__init__(event_shape)
        self.transform = transform((self.num_dims, 1, 1) if len(event_shape) == 1 else self.event_shape)
        self.base = base((self.num_dims,))

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        u, log_det = self.transform(value.reshape(len(value), *self.transform.shape), context)
        return self.base.log_prob(u.flatten(1)) + log_det

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        u = self.base.sample(count, temperature=temperature, generator=generator)
        z, _ = self.transform.inverse(u.unflatten(1, self.transform.out_shape), context)
        return z.reshape(count, *self.event_shape)
