"""Generative adversarial networks on integer images."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genera.core import (
    Fakes,
    Generative,
    ImageSpec,
    Loss,
    TwoPlayer,
    check_count,
    check_positive,
    check_temperature,
    labels_for_sampling,
)
from genera.gans.feature_matching import feature_matching
from genera.gans.losses import AdversarialLoss
from genera.gans.penalties import Penalty, check_batch_independent

#: ``(num_inputs, shape)`` to a network ``(B, num_inputs) -> (B, *shape)``, whose output is passed through tanh.
GeneratorFactory = Callable[[int, tuple[int, int, int]], nn.Module]
#: ``(shape, num_classes)`` to a network ``(x, labels) -> (logits, features)``; ``num_classes`` is 0 without labels.
DiscriminatorFactory = Callable[[tuple[int, int, int], int], nn.Module]


class GAN(TwoPlayer, Generative):
    """A generator that maps noise to images, and a discriminator that distinguishes them from real images.

    Pixels are scaled to [-1, 1]; a tanh bounds the generator's output to the same range.

    Args:
        spec: the images.
        generator: factory of the network, ``(num_inputs, shape)``.
        discriminator: factory of the network, ``(shape, num_classes)``.
        loss: the losses of both players as functions of the discriminator's logits.
        penalty: on the discriminator's gradients.
        feature_matching: weight of the feature matching loss of the generator.
        latent_size: D, length of the noise.
        class_conditional: condition both players on the label.

    Raises:
        ValueError: a value is out of range; ``class_conditional`` without labels; or a penalty with a discriminator
            whose logit of an image depends on the other images of the batch.

    Source:
        Goodfellow et al. (2014); Mirza & Osindero (2014) for labels; Salimans et al. (2016) for feature matching.
    """

    def __init__(
        self,
        spec: ImageSpec,
        *,
        generator: GeneratorFactory,
        discriminator: DiscriminatorFactory,
        loss: AdversarialLoss,
        penalty: Penalty | None = None,
        feature_matching: float = 0.0,
        latent_size: int = 128,
        class_conditional: bool = False,
    ) -> None:
        super().__init__(spec, class_conditional=class_conditional)
        check_positive(latent_size=latent_size)
        if not 0 <= feature_matching < math.inf:
            raise ValueError(f"feature_matching is a weight: finite and not negative, got {feature_matching}")
        self.latent_size = latent_size
        self.feature_matching = feature_matching
        num_conditions = spec.num_classes if class_conditional else 0
        self.generator = generator(latent_size + num_conditions, spec.shape)
        self.discriminator = discriminator(spec.shape, num_conditions)
        self.adversarial_loss = loss
        #: The loss of a discriminator whose logits are all 0; it is 0 for Wasserstein, which has no natural scale.
        zero_logits = torch.zeros(1, device="cpu")
        self._loss_of_zero_logits = float(loss.discriminator(zero_logits, zero_logits))
        self.penalty = penalty
        if penalty is not None:
            check_batch_independent(self.discriminator, spec.shape, num_classes=num_conditions)

    def generate(self, count: int, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Fakes:
        """If a conditional model gets no labels, it samples them."""
        check_count(count)
        z = torch.randn(count, self.latent_size, generator=generator, device=self.device, dtype=self.dtype)
        labels = labels_for_sampling(self, count, labels if self.class_conditional else None, generator=generator)
        return Fakes(self._generate(z, labels), z, labels)

    def discriminator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        x, generated = self._scale(images), fakes.images.detach()
        context = self.context(labels, len(x))
        fake_context = self.context(fakes.labels, len(generated))
        real, _ = self.discriminator(x, context)
        fake, _ = self.discriminator(generated, fake_context)
        terms = {"adversarial": self.adversarial_loss.discriminator(real, fake)}
        if self.penalty is not None:
            terms["penalty"] = self.penalty(
                lambda points: self.discriminator(points, context)[0], x, generated, generator=generator
            )
        logs = {
            "real": self.adversarial_loss.prediction(real.detach()),
            "fake": self.adversarial_loss.prediction(fake.detach()),
            # Each image is compared with the fake of the same index.
            "accuracy": (real > fake).float(),
        }
        if self._loss_of_zero_logits:
            logs["relative_loss"] = terms["adversarial"].detach() / self._loss_of_zero_logits
        return Loss(torch.stack(list(terms.values())).sum(dim=0), terms, logs)

    def generator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """Its feature matching term is ``()``."""
        logits, features = self.discriminator(fakes.images, self.context(fakes.labels, len(fakes.images)))
        terms = {"adversarial": self.adversarial_loss.generator(logits)}
        if self.feature_matching:
            with torch.no_grad():
                _, real_features = self.discriminator(self._scale(images), self.context(labels, len(images)))
            terms["feature_matching"] = self.feature_matching * feature_matching(real_features, features)
        return Loss(sum(terms.values(), start=logits.new_zeros(())), terms)

    def score(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """With ``minibatch_std`` each logit depends on its batch."""
        self.spec.check(images)
        return self.discriminator(self._scale(images), self.context(labels, len(images)))[0]

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """``temperature`` scales the noise."""
        check_count(count)
        check_temperature(temperature)
        z = torch.randn(count, self.latent_size, generator=generator, device=self.device, dtype=self.dtype)
        labels = labels_for_sampling(self, count, labels, generator=generator)
        return self.spec.to_pixels((self._generate(temperature * z, labels) + 1) / 2)

    def _generate(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1]."""
        context = self.context(labels, len(z))
        return torch.tanh(self.generator(z if context is None else torch.cat([z, context], dim=1)))

    def _scale(self, images: Tensor) -> Tensor:
        return self.spec.to_symmetric_range(images, self.dtype)
