"""The VampPrior."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from genera.core import Distribution, check_positive


class VampPrior(Distribution):
    """``p(z) = 1/K Σ_k q(z | u_k)``: the average posterior of K learned pseudo-inputs, which approximate the data.

    Args:
        event_shape: shape of one latent.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive; or the model is class-conditional.

    Source:
        Tomczak & Welling (2018), "VAE with a VampPrior".
    """

    encoder: nn.Module
    pseudo_inputs: nn.Parameter

    def __init__(self, event_shape: tuple[int, ...], *, num_components: int = 500) -> None:
        super().__init__(event_shape)
        check_positive(num_components=num_components)
        self.num_components = num_components

    def bind(self, encoder: nn.Module, shape: tuple[int, ...], *, class_conditional: bool) -> None:
        """Keep the encoder, a :class:`~genera.vaes.encoder.GaussianEncoder`, and create pseudo-inputs for it."""
        if class_conditional:
            raise ValueError("a VampPrior has no labels for its images and does not support class_conditional")
        self.encoder = encoder
        self.pseudo_inputs = nn.Parameter(torch.rand(self.num_components, *shape))

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Initialize the pseudo-inputs from images ``(B, C, H, W)`` in [0, 1], with torch's global noise.

        Identical pseudo-inputs would get equal gradients and stay identical; pixels outside the range would get none.
        """
        images = x[torch.arange(self.num_components, device=x.device) % len(x)]
        noisy = images + 0.05 * torch.empty_like(images).normal_()
        self.pseudo_inputs.copy_(noisy.clamp(0.01, 0.99))

    def log_prob(self, value: Tensor, context: Tensor | None = None) -> Tensor:
        components = self.encoder(self._clamped_inputs()).log_prob(value[:, None]).sum(dim=-1)  # (B, K)
        return torch.logsumexp(components, dim=1) - math.log(self.num_components)

    def _sample(
        self, count: int, context: Tensor | None, temperature: float, generator: torch.Generator | None
    ) -> Tensor:
        device = self.pseudo_inputs.device
        component = torch.randint(self.num_components, (count,), generator=generator, device=device)
        posterior = self.encoder(self._clamped_inputs()[component])
        noise = torch.randn(posterior.mean.shape, generator=generator, device=device, dtype=posterior.mean.dtype)
        return posterior.mean + temperature * posterior.log_scale.exp() * noise

    def _clamped_inputs(self) -> Tensor:
        # The encoder is trained on images, so pseudo-inputs must stay in their range.
        return self.pseudo_inputs.clamp(0, 1)
