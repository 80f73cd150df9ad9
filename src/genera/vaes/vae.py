"""The variational autoencoder on integer images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from genera.core import (
    Autoencoding,
    Density,
    Distribution,
    Generative,
    ImageSpec,
    Loss,
    Progress,
    StandardNormal,
    Trainable,
    check_importance_samples,
    check_positive,
    labels_for_sampling,
    log_mean_exp,
)
from genera.vaes.encoder import DecoderFactory, EncoderFactory, GaussianEncoder
from genera.vaes.likelihoods import PixelLikelihood
from genera.vaes.objectives import Objective, PosteriorSamples
from genera.vaes.posterior import DiagonalPosterior

#: Largest number of latents that `log_prob` decodes in one batch.
_DECODE_BATCH_SIZE = 256


class VAE(Trainable, Generative, Density, Autoencoding):
    """An encoder q(z | x), a decoder with a pixel likelihood p(x | z), and a prior p(z).

    ``log p(x) ≥ E_q [log p(x | z) + log p(z) - log q(z | x)]``, with ``x`` the integer pixels.

    Args:
        spec: the images.
        encoder: factory of the network of the posterior, ``(shape, num_outputs)``.
        decoder: factory of the network of the likelihood's parameters, ``(num_inputs, shape)``.
        likelihood: factory of the pixel likelihood.
        objective: the training objective.
        latent_size: D.
        prior: factory of the prior, called with the shape of a latent, ``(D,)``.
        class_conditional: condition on the label: ``num_classes`` additional channels of the encoder's input, and
            additional inputs of the decoder.

    Raises:
        ValueError: ``latent_size`` is not positive, or images, prior, objective and ``class_conditional`` are
            incompatible.

    Source:
        Kingma & Welling (2014); Sohn, Lee & Yan (2015) for labels.
    """

    def __init__(
        self,
        spec: ImageSpec,
        *,
        encoder: EncoderFactory,
        decoder: DecoderFactory,
        likelihood: Callable[[ImageSpec], PixelLikelihood],
        objective: Objective,
        latent_size: int = 128,
        prior: Callable[[tuple[int, ...]], Distribution] = StandardNormal,
        class_conditional: bool = False,
    ) -> None:
        super().__init__(spec, class_conditional=class_conditional)
        check_positive(latent_size=latent_size)
        self.latent_size = latent_size
        num_conditions = spec.num_classes if class_conditional else 0
        in_shape = (spec.channels + num_conditions, spec.height, spec.width)
        self.encoder = GaussianEncoder(in_shape, latent_size, network=encoder)
        self.likelihood = likelihood(spec)
        self.decoder = decoder(latent_size + num_conditions, (self.likelihood.out_channels, spec.height, spec.width))
        self.prior = prior((latent_size,))
        self.objective = objective
        self.has_density = self.likelihood.has_density
        if objective.needs_closed_kl and not self.has_closed_kl:
            raise ValueError(
                f"{type(objective).__name__} needs a prior to which the KL divergence has a closed form, such as "
                f"StandardNormal, got {type(self.prior).__name__}"
            )
        self.prior.bind(self.encoder, in_shape, class_conditional=class_conditional)

    @property
    def has_closed_kl(self) -> bool:
        """Whether the KL divergence of the posterior to the prior has a closed form."""
        zeros = torch.zeros(1, self.latent_size, dtype=self.dtype, device=self.device)
        return DiagonalPosterior(zeros, zeros).kl_to(self.prior) is not None

    def initialize(self, images: Tensor) -> None:
        self.prior.initialize(self._scale(images))

    def advance(self, progress: Progress) -> None:
        self.objective.advance(progress)

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """The objective for samples of the posterior, in nats."""
        context = self.context(labels, len(images))
        posterior = self._posterior(images, context)
        samples = self._sample_posterior(
            posterior, images, context, count=self.objective.num_samples, generator=generator
        )
        loss = self.objective(samples)
        logs = {"reconstruction": samples.reconstruction, "kl": samples.kl, "active_units": posterior.active_units()}
        if samples.kl_per_dim is not None:
            logs["kl_per_dim"] = samples.kl_per_dim.mean(dim=0)
        # Comparable with the validation loss and across objectives, unlike the loss itself.
        logs["nll" if self.has_density else "bound"] = samples.reconstruction + samples.kl
        return Loss(loss.total, loss.terms, {name: value.detach() for name, value in logs.items()} | dict(loss.logs))

    def validation_loss(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The negative ELBO (β = 1), for every objective: ``reconstruction + kl``, ``(B,)`` nats."""
        with torch.autocast(images.device.type, enabled=False):
            context = self.context(labels, len(images))
            posterior = self._posterior(images, context)
            samples = self._sample_posterior(posterior, images, context, count=1, generator=generator)
            logs = {
                "active_units": posterior.active_units().detach(),
                "mutual_information": posterior.mutual_information(samples.z[0]).detach(),
            }
        terms = {"reconstruction": samples.reconstruction, "kl": samples.kl}
        return Loss(terms["reconstruction"] + terms["kl"], terms, logs)

    def log_prob(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        num_importance_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Samples are decoded in batches: unless gradients are recorded, memory does not grow with their number.

        Raises:
            ValueError: the likelihood is not a probability.
        """
        if not self.has_density:
            raise ValueError(f"{type(self.likelihood).__name__} is not a probability: use another likelihood")
        self.spec.check(images)
        check_importance_samples(num_importance_samples=num_importance_samples)
        context = self.context(labels, len(images))
        with torch.autocast(images.device.type, enabled=False):
            bounds = [
                self._bound(images[rows], None if context is None else context[rows], num_importance_samples, generator)
                for rows in torch.arange(len(images), device=images.device).split(_DECODE_BATCH_SIZE)
            ]
        return torch.cat(bounds)

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        posterior = self.posterior(images, labels)
        return posterior.mean if generator is None else posterior.sample(1, generator=generator)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The means of the likelihood."""
        return self.spec.to_pixels(self.likelihood.mean(self._decode(z, self.context(labels, len(z)))))

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """``temperature`` scales the latent. Pixels are sampled as well if the likelihood's ``can_sample`` is True."""
        z = self.prior.sample(count, temperature=temperature, generator=generator)
        labels = labels_for_sampling(self, count, labels, generator=generator)
        return self.likelihood.sample(self._decode(z, self.context(labels, count)), generator=generator)

    def posterior(self, images: Tensor, labels: Tensor | None = None) -> DiagonalPosterior:
        """``q(z | x)`` of uint8 images.

        Raises:
            ValueError: the images or labels do not fit.
        """
        self.spec.check(images)
        return self._posterior(images, self.context(labels, len(images)))

    def _posterior(self, images: Tensor, context: Tensor | None) -> DiagonalPosterior:
        x = self._scale(images)
        if context is not None:
            planes = context[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = torch.cat([x, planes], dim=1)
        return self.encoder(x)

    def _sample_posterior(
        self,
        posterior: DiagonalPosterior,
        images: Tensor,
        context: Tensor | None,
        *,
        count: int,
        generator: torch.Generator | None = None,
    ) -> PosteriorSamples:
        """Sample ``count`` latents for each image and compute their log-probabilities."""
        z = posterior.sample(count, generator=generator)
        flat = z.flatten(0, 1)
        params = self._decode(flat, None if context is None else context.repeat(count, 1))
        log_likelihood = self.likelihood.log_prob(params, images.expand(count, *images.shape).flatten(0, 1))
        return PosteriorSamples(
            posterior=posterior,
            z=z,
            log_likelihood=log_likelihood.unflatten(0, (count, -1)),
            log_prior=self.prior.log_prob(flat).unflatten(0, (count, -1)),
            kl_per_dim=posterior.kl_to(self.prior),
        )

    def _bound(
        self, images: Tensor, context: Tensor | None, num_importance_samples: int, generator: torch.Generator | None
    ) -> Tensor:
        """:meth:`log_prob` of at most ``_DECODE_BATCH_SIZE`` images."""
        posterior = self._posterior(images, context)
        chunk_size = _DECODE_BATCH_SIZE // max(len(images), 1)
        log_weights = [
            self._sample_posterior(posterior, images, context, count=len(chunk), generator=generator).log_weight
            for chunk in torch.arange(num_importance_samples).split(chunk_size)
        ]
        return log_mean_exp(torch.cat(log_weights))

    def _decode(self, z: Tensor, context: Tensor | None) -> Tensor:
        return self.decoder(z if context is None else torch.cat([z, context], dim=1))

    def _scale(self, images: Tensor) -> Tensor:
        """Scale pixels to [0, 1]."""
        return self.spec.to_unit_range(images, self.dtype)
