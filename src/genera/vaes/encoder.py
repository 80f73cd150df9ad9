"""The encoder: from images to the posterior of their latents."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from genera.core import at_least_float32
from genera.vaes.posterior import DiagonalPosterior

#: ``(shape, num_outputs)`` to a network ``(B, *shape) -> (B, num_outputs)``.
EncoderFactory = Callable[[tuple[int, int, int], int], nn.Module]
#: ``(num_inputs, shape)`` to a network ``(B, num_inputs) -> (B, *shape)``.
DecoderFactory = Callable[[int, tuple[int, int, int]], nn.Module]


class GaussianEncoder(nn.Module):
    """A network with two heads: mean and log σ of every dimension of the latent.

    Args:
        shape: of its input, without the batch.
        latent_size: D.
        network: factory of the body and the heads, which are one linear layer.
    """

    def __init__(self, shape: tuple[int, int, int], latent_size: int, *, network: EncoderFactory) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.network = network(shape, 2 * latent_size)

    def forward(self, x: Tensor) -> DiagonalPosterior:
        """``(B, *shape)`` in [0, 1] to the posterior of ``(B, D)``."""
        # Differences of logarithms and exponentials follow, which need float32.
        h = at_least_float32(self.network(x))
        return DiagonalPosterior(mean=h[:, : self.latent_size], log_scale=h[:, self.latent_size :])
