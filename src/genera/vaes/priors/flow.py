"""A flow as the prior of the latent."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genera.core import Distribution, StandardNormal, Transform


class FlowPrior(Distribution):
    """The distribution of latents that a transform makes into those of a base: ``log p(f(z)) + log |det df/dz|``.

    An :class:`~genera.flows.ActNorm` in it starts as the identity, which suits latents that are charged for leaving a
    standard normal.

    Args:
        num_dims: D.
        transform: made for the shape ``(D, 1, 1)``, so that couplings of channels and their conditioners serve here.
        base: made for D.

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
