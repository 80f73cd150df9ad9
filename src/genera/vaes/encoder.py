"""From images to what is believed of their latents."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from genera.core import at_least_float32
from genera.vaes.posterior import DiagonalPosterior

#: Makes a network ``(B, *shape) -> (B, num_outputs)`` for a shape and a number of outputs.
EncoderFactory = Callable[[tuple[int, int, int], int], nn.Module]
#: Makes a network ``(B, num_inputs) -> (B, *shape)`` for a number of inputs and a shape.
DecoderFactory = Callable[[int, tuple[int, int, int]], nn.Module]


class GaussianEncoder(nn.Module):
    """A network with two heads, mean and log σ of every dimension of the latent.

    Args:
        shape: of its input, without the batch.
        latent_size: D.
        network: makes the body and the heads, which are one linear layer.
    """

    def __init__(self, shape: tuple[int, int, int], latent_size: int, *, network: EncoderFactory) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.network = network(shape, 2 * latent_size)

    def forward(self, x: Tensor) -> DiagonalPosterior:
        """``(B, *shape)`` in [0, 1] to the posterior of ``(B, D)``."""
        # What follows are differences of logarithms and exponentials, too fine for half precision.
        h = at_least_float32(self.network(x))
        return DiagonalPosterior(mean=h[:, : self.latent_size], log_scale=h[:, self.latent_size :])
