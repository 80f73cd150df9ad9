"""Losses and gradients compared with pythae, with the same weights, batch and noise."""

from __future__ import annotations

import warnings
from functools import partial

import pytest
import torch
from cases import pixels
from torch import Tensor, nn

from genera.core import ImageSpec
from genera.networks import ConvDecoder, ConvEncoder
from genera.vaes import VAE, CrossEntropyPixels, Elbo, Iwae, Objective

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pythae import models as pythae
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

SPEC = ImageSpec(1, 8, 8)


class Encoder(BaseEncoder):
    """Our encoder, with the logarithm of the variance in place of that of the scale."""

    def __init__(self, vae: VAE) -> None:
        super().__init__()
        self.vae_encoder = vae.encoder

    def forward(self, x: Tensor) -> ModelOutput:
        posterior = self.vae_encoder(x)
        return ModelOutput(embedding=posterior.mean, log_covariance=2 * posterior.log_scale)


class Decoder(BaseDecoder):
    """Our decoder, followed by the sigmoid that our loss contains."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))


def our_vae(objective: Objective) -> VAE:
    torch.manual_seed(0)
    networks = {"encoder": partial(ConvEncoder, width=4), "decoder": partial(ConvDecoder, width=4)}
    return VAE(SPEC, **networks, likelihood=CrossEntropyPixels, objective=objective, latent_size=5)


def losses(objective: Objective, config: pythae.VAEConfig, model: type[nn.Module]) -> list[tuple[Tensor, list[Tensor]]]:
    """Our loss and pythae's, averaged over the batch, each with its gradients."""
    vae = our_vae(objective)
    images, count = pixels(SPEC, 6), objective.num_samples
    config.input_dim, config.latent_dim, config.reconstruction_loss = SPEC.shape, 5, "bce"
    theirs = model(config, encoder=Encoder(vae), decoder=Decoder(vae.decoder))

    def with_our_noise(mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        torch.manual_seed(1)
        noise = torch.randn(count, len(images), 5).transpose(0, 1).reshape(mean.shape)
        return mean + noise * std, noise

    theirs._sample_gauss = with_our_noise
    torch.manual_seed(1)
    totals = vae.loss(images).total.mean(), theirs({"data": images.float() / 255}).loss
    parameters = [*vae.encoder.parameters(), *vae.decoder.parameters()]
    return [(total.detach(), list(torch.autograd.grad(total, parameters))) for total in totals]


@pytest.mark.parametrize(
    ("objective", "config", "model"),
    [
        (Elbo(), pythae.VAEConfig(), pythae.VAE),
        (Elbo(4.0), pythae.BetaVAEConfig(beta=4.0), pythae.BetaVAE),
    ],
    ids=["VAE", "β-VAE"],
)
def test_loss_and_gradient_agree(objective: Objective, config: pythae.VAEConfig, model: type[nn.Module]) -> None:
    (loss, gradients), (expected, expected_gradients) = losses(objective, config, model)
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(gradients, expected_gradients, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_the_importance_weighted_bound_agrees() -> None:
    """pythae's loss is a different number with the same gradient."""
    (_, gradients), (_, expected) = losses(Iwae(6), pythae.IWAEConfig(number_samples=6), pythae.IWAE)
    torch.testing.assert_close(gradients, expected, rtol=1e-4, atol=1e-4)
