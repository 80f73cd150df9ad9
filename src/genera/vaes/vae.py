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
    check_labels,
    check_positive,
    labels_for_sampling,
    log_mean_exp,
    one_hot,
)
from genera.vaes.encoder import DecoderFactory, EncoderFactory, GaussianEncoder
from genera.vaes.likelihoods import PixelLikelihood
from genera.vaes.objectives import Objective, PosteriorSamples
from genera.vaes.posterior import DiagonalPosterior
from genera.vaes.priors import VampPrior

#: Latents that `log_prob` decodes at a time, whatever the number of images and of importance samples.
_DECODED_AT_ONCE = 256


class VAE(Trainable, Generative, Density, Autoencoding):
    """An encoder q(z | x), a decoder that gives the pixel likelihood p(x | z), and a prior p(z).

    ``log p(x) ≥ E_q [log p(x | z) + log p(z) - log q(z | x)]``, with ``x`` the integer pixels.

    Args:
        spec: the images.
        encoder: network ``(shape, num_outputs)`` for the posterior.
        decoder: network ``(num_inputs, shape)`` for the parameters of the likelihood.
        likelihood: of the pixels, given those parameters.
        objective: what training minimises.
        latent_size: D.
        prior: of the latent, made for D.
        class_conditional: tell encoder and decoder the label: ``num_classes`` more channels for the one, and inputs
            for the other.

    Raises:
        ValueError: ``latent_size`` is not positive, or images, prior, objective and ``class_conditional`` do not go
            together.

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
        prior: Callable[[int], Distribution] = StandardNormal,
        class_conditional: bool = False,
    ) -> None:
        super().__init__()
        check_positive(latent_size=latent_size)
        if class_conditional and not spec.num_classes:
            raise ValueError("class_conditional needs images with labels, got a data set without classes")
        self.spec = spec
        self.latent_size = latent_size
        self.class_conditional = class_conditional
        num_conditions = spec.num_classes if class_conditional else 0
        in_shape = (spec.channels + num_conditions, spec.height, spec.width)
        self.encoder = GaussianEncoder(in_shape, latent_size, network=encoder)
        self.likelihood = likelihood(spec)
        self.decoder = decoder(latent_size + num_conditions, (self.likelihood.out_channels, spec.height, spec.width))
        self.prior = prior(latent_size)
        self.objective = objective
        self.has_density = self.likelihood.has_density
        if objective.needs_closed_kl and not isinstance(self.prior, StandardNormal):
            raise ValueError(
                f"{type(objective).__name__} takes a StandardNormal prior, got {type(self.prior).__name__}"
            )
        if isinstance(self.prior, VampPrior):
            if class_conditional:
                raise ValueError("a VampPrior has images without labels and does not go with class_conditional")
            self.prior.bind(self.encoder, in_shape)

    def initialize(self, images: Tensor) -> None:
        if isinstance(self.prior, VampPrior):
            self.prior.initialize(self._scaled(images))

    def advance(self, progress: Progress) -> None:
        self.objective.advance(progress)

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """What the objective makes of draws from the posterior, in nats."""
        context = self._context(labels, len(images))
        posterior = self._posterior(images, context)
        draws = self._draws(posterior, images, context, count=self.objective.num_samples, generator=generator)
        loss = self.objective(draws)
        logs = {"reconstruction": draws.reconstruction, "kl": draws.kl, "active_units": draws.posterior.active_units()}
        if draws.kl_per_dim is not None:
            logs["kl_per_dim"] = draws.kl_per_dim.mean(dim=0)
        # What the validation loss is, beside which the loss of another objective means little.
        logs["nll" if self.has_density else "bound"] = draws.reconstruction + draws.kl
        return Loss(loss.total, loss.terms, {name: value.detach() for name, value in logs.items()} | dict(loss.logs))

    def validation_loss(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The bound with β = 1, whatever the objective: ``reconstruction + kl``, ``(B,)`` nats."""
        with torch.autocast(images.device.type, enabled=False):
            context = self._context(labels, len(images))
            posterior = self._posterior(images, context)
            draws = self._draws(posterior, images, context, count=1, generator=generator)
            logs = {
                "active_units": posterior.active_units().detach(),
                "mutual_information": posterior.mutual_information(draws.z[0]).detach(),
            }
        terms = {"reconstruction": draws.reconstruction, "kl": draws.kl}
        return Loss(terms["reconstruction"] + terms["kl"], terms, logs)

    def log_prob(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        num_importance_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Lower bound in expectation on the log-probability of the pixels; tighter with more importance samples.

        The draws are decoded a bounded number at a time: unless gradients are recorded, memory does not grow with
        their number.

        Raises:
            ValueError: the likelihood has no probabilities, the images or labels do not fit, or
                ``num_importance_samples`` is out of range.
        """
        if not self.has_density:
            raise ValueError(f"{type(self.likelihood).__name__} has no probabilities: take another likelihood")
        self.spec.check(images)
        check_importance_samples(num_importance_samples=num_importance_samples)
        given: Tensor | None = None
        if self.class_conditional:
            # Before they are divided, where too many would pass.
            given = check_labels(labels, count=len(images), num_classes=self.spec.num_classes)
        with torch.autocast(images.device.type, enabled=False):
            bounds = [
                self._bound(images[few], None if given is None else given[few], num_importance_samples, generator)
                for few in torch.arange(len(images), device=images.device).split(_DECODED_AT_ONCE)
            ]
        return torch.cat(bounds)

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """``(B, D)`` latents: the mean of the posterior, or a draw where a generator is given.

        Raises:
            ValueError: the images or labels do not fit.
        """
        self.spec.check(images)
        posterior = self._posterior(images, self._context(labels, len(images)))
        return posterior.mean if generator is None else posterior.sample(1, generator=generator)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(B, D)`` latents to the means that the likelihood states, uint8 ``(B, C, H, W)``."""
        return self.spec.nearest(self.likelihood.mean(self._decoded(z, self._context(labels, len(z)))))

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 ``(count, C, H, W)``; the temperature is that of the latent.

        Whether pixels are drawn as well, or are the means that the decoder states, is the likelihood's matter. A
        class-conditional model draws labels evenly where none are given.

        Raises:
            ValueError: labels are given, and this model is not conditional; or they do not fit.
        """
        z = self.prior.sample(count, temperature=temperature, generator=generator)
        labels = labels_for_sampling(self, count, labels, generator=generator)
        return self.likelihood.sample(self._decoded(z, self._context(labels, count)), generator=generator)

    def posterior(self, images: Tensor, labels: Tensor | None = None) -> DiagonalPosterior:
        """``q(z | x)`` of uint8 images.

        Raises:
            ValueError: the images or labels do not fit.
        """
        self.spec.check(images)
        return self._posterior(images, self._context(labels, len(images)))

    def _posterior(self, images: Tensor, context: Tensor | None) -> DiagonalPosterior:
        x = self._scaled(images)
        if context is not None:
            planes = context[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = torch.cat([x, planes], dim=1)
        return self.encoder(x)

    def _draws(
        self,
        posterior: DiagonalPosterior,
        images: Tensor,
        context: Tensor | None,
        *,
        count: int,
        generator: torch.Generator | None = None,
    ) -> PosteriorSamples:
        """``count`` latents for each image, and what they are worth."""
        z = posterior.sample(count, generator=generator)
        flat = z.flatten(0, 1)
        params = self._decoded(flat, None if context is None else context.repeat(count, 1))
        log_likelihood = self.likelihood.log_prob(params, images.expand(count, *images.shape).flatten(0, 1))
        return PosteriorSamples(
            posterior=posterior,
            z=z,
            log_likelihood=log_likelihood.unflatten(0, (count, -1)),
            log_prior=self.prior.log_prob(flat).unflatten(0, (count, -1)),
            kl_per_dim=posterior.kl_to_standard_normal() if isinstance(self.prior, StandardNormal) else None,
        )

    def _bound(
        self, images: Tensor, labels: Tensor | None, num_importance_samples: int, generator: torch.Generator | None
    ) -> Tensor:
        """:meth:`log_prob` of images few enough to be decoded at a time."""
        context = self._context(labels, len(images))
        posterior = self._posterior(images, context)
        at_once = _DECODED_AT_ONCE // max(len(images), 1)
        log_weights = [
            self._draws(posterior, images, context, count=len(draws), generator=generator).log_weight
            for draws in torch.arange(num_importance_samples).split(at_once)
        ]
        return log_mean_exp(torch.cat(log_weights))

    def _decoded(self, z: Tensor, context: Tensor | None) -> Tensor:
        return self.decoder(z if context is None else torch.cat([z, context], dim=1))

    def _context(self, labels: Tensor | None, count: int) -> Tensor | None:
        """One-hot labels ``(count, num_classes)`` for a conditional model."""
        if not self.class_conditional:
            return None
        return one_hot(labels, self.spec.num_classes, count=count, dtype=self._dtype)

    def _scaled(self, images: Tensor) -> Tensor:
        """Pixels in [0, 1]."""
        return self.spec.scaled(images, self._dtype)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.encoder.parameters()).dtype
