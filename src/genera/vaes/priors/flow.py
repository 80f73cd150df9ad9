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
        num_dims: D.
        transform: factory, called with the shape ``(D, 1, 1)``, so that channel couplings and their conditioners work.
        base: factory of the base distribution, called with D.

    Source:
        Chen et al. (2017), "Variational lossy autoencoder", section 3.2.
    """

    def __init__(
        self,
        num_dims: int,
        *,
        transform: Callable[[tuple[int, ...]], Transform],
        base: Callable[[int], Distribution] = StandardNormal,
    ) -> None:
        super().__init__()
        self.transform = transform((num_dims, 1, 1))
        self.base = base(num_dims)

    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        u, log_det = self.transform(z[:, :, None, None])
        return self.base.log_prob(u.flatten(1)) + log_det

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        u = self.base.sample(count, temperature=temperature, generator=generator)
        z, _ = self.transform.inverse(u.unflatten(1, self.transform.out_shape))
        return z.flatten(1)
