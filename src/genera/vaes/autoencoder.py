"""The deterministic autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import Autoencoding, Generative, ImageSpec, Loss, Trainable, check_positive, sum_over_dims
from genera.vaes.code_mixture import CodeMixture
from genera.vaes.encoder import DecoderFactory, EncoderFactory

#: Number of codes that the mixture is fitted to, which takes a few seconds.
_NUM_CODES = 10_000
_BATCH_SIZE = 500


class Autoencoder(Trainable, Generative, Autoencoding):
    """Learns codes from which images can be reconstructed.

    It has no distribution of codes. For sampling, a mixture of Gaussians is fitted to the codes of training images at
    the end of training.

    Args:
        spec: the images.
        encoder: factory of the network, ``(shape, num_outputs)``.
        decoder: factory of the network, ``(num_inputs, shape)``.
        latent_size: D, length of the code.
        num_components: number of components of the mixture.

    Raises:
        ValueError: ``latent_size`` or ``num_components`` is not positive.

    Source:
        Hinton & Salakhutdinov (2006); Ghosh et al. (2020), "From variational to deterministic autoencoders", for the
        mixture.
    """

    needs_finalize = True

    def __init__(
        self,
        spec: ImageSpec,
        *,
        encoder: EncoderFactory,
        decoder: DecoderFactory,
        latent_size: int = 32,
        num_components: int = 10,
    ) -> None:
        super().__init__(spec)
        check_positive(latent_size=latent_size)
        self.latent_size = latent_size
        self.encoder = encoder(spec.shape, latent_size)
        self.decoder = decoder(latent_size, spec.shape)
        self.codes = CodeMixture(latent_size, num_components=num_components)

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """``½ ‖x - x̂‖²`` on [0, 1]: nats of a Gaussian with σ = 1, up to a constant."""
        x = self._scale(images)
        error = sum_over_dims((x - torch.sigmoid(self.decoder(self.encoder(x)).to(x.dtype))).square())
        half = 0.5 * error
        return Loss(half, {"half_squared_error": half}, {"mse": (error / self.spec.num_dims).detach()})

    def validation_loss(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The training loss, always in float32."""
        with torch.autocast(images.device.type, enabled=False):
            return self.loss(images)

    @torch.no_grad()
    def finalize(self, images: Tensor, *, generator: torch.Generator) -> None:
        chosen = torch.randperm(len(images), generator=generator)[:_NUM_CODES]
        codes = [self.encoder(self._scale(images[index].to(self.device))) for index in chosen.split(_BATCH_SIZE)]
        self.codes.fit(torch.cat(codes), seed=int(torch.randint(2**31, (), generator=generator)))

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """``(B, D)`` codes; the generator is ignored, as the encoder is deterministic."""
        self.spec.check(images)
        return self.encoder(self._scale(images))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.spec.to_pixels(torch.sigmoid(self.decoder(z)))

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Decoded samples of the mixture of codes; raises ValueError before it has been fitted."""
        if labels is not None:
            raise ValueError("an autoencoder is unconditional and cannot sample by label: omit the labels")
        return self.decode(self.codes.sample(count, temperature=temperature, generator=generator))

    def _scale(self, images: Tensor) -> Tensor:
        return self.spec.to_unit_range(images, self.dtype)
