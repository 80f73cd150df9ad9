"""Generative adversarial networks on integer images."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from genera.core import (
    Fakes,
    Generative,
    ImageSpec,
    Loss,
    Progress,
    TwoPlayer,
    at_least_float32,
    check_count,
    check_positive,
    check_temperature,
    labels_for_sampling,
)
from genera.gans.feature_matching import feature_matching
from genera.gans.losses import AdversarialLoss
from genera.gans.penalties import Penalty, check_batch_independent
from genera.gans.penalties.base import Network

#: ``(latent_size, shape, num_classes)`` to a network ``(z, labels, *, generator=None) -> (B, *shape)``, whose output is
#: passed through tanh; ``num_classes`` is 0 without labels.
GeneratorFactory = Callable[[int, tuple[int, int, int], int], nn.Module]
#: ``(shape, num_classes)`` to a network ``(x, labels) -> (logits, features)``; ``num_classes`` is 0 without labels.
DiscriminatorFactory = Callable[[tuple[int, int, int], int], nn.Module]


class GAN(TwoPlayer, Generative):
    """A generator that maps noise to images, and a discriminator that distinguishes them from real images.

    Pixels are scaled to [-1, 1]; a tanh bounds the generator's output to the same range.

    Args:
        spec: the images.
        generator: factory of the network, ``(latent_size, shape, num_classes)``.
        discriminator: factory of the network, ``(shape, num_classes)``.
        loss: the losses of both players as functions of the discriminator's logits.
        penalties: added to the losses of the players.
        feature_matching: weight of the feature matching loss of the generator.
        latent_size: D, length of the noise.
        class_conditional: condition both players on the label.

    Raises:
        ValueError: a value is out of range; ``class_conditional`` without labels; or a penalty of a discriminator
            whose logit of an image depends on the other images of the batch.

    Source:
        Goodfellow et al. (2014); Mirza & Osindero (2014) for labels; Salimans et al. (2016) for feature matching.
    """

    #: The step of training, ``()``, on which penalties depend; set before every step, and so not saved.
    step: Tensor

    def __init__(
        self,
        spec: ImageSpec,
        *,
        generator: GeneratorFactory,
        discriminator: DiscriminatorFactory,
        loss: AdversarialLoss,
        penalties: Sequence[Penalty] = (),
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
        self.generator = generator(latent_size, spec.shape, num_conditions)
        self.discriminator = discriminator(spec.shape, num_conditions)
        self.adversarial_loss = loss
        #: The loss of a discriminator whose logits are all 0; it is 0 for Wasserstein, which has no natural scale.
        zero_logits = torch.zeros(1, device="cpu")
        self._loss_of_zero_logits = float(loss.discriminator(zero_logits, zero_logits))
        self.penalties = nn.ModuleList(penalties)
        self.register_buffer("step", torch.tensor(0), persistent=False)
        if any(penalty.player == "discriminator" for penalty in penalties):
            check_batch_independent(self.discriminator, spec.shape, num_classes=num_conditions)

    def advance(self, progress: Progress) -> None:
        self.step.fill_(progress.step)

    def generate(self, count: int, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Fakes:
        """If a conditional model gets no labels, it samples them; an unconditional one ignores labels."""
        return self._generate(count, labels if self.class_conditional else None, generator=generator)

    def discriminator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        x, fakes = self._scale(images), dataclasses.replace(fakes, images=fakes.images.detach())
        context = self.context(labels, len(x))
        fake_context = self.context(fakes.labels, len(fakes.images))
        real, _ = self.discriminator(x, context)
        fake, _ = self.discriminator(fakes.images, fake_context)
        terms = {"adversarial": self.adversarial_loss.discriminator(real, fake)}
        terms |= self._penalty(
            "discriminator", lambda points: self.discriminator(points, context)[0], x, fakes, generator=generator
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
        real = self._scale(images)
        logits, features = self.discriminator(fakes.images, self.context(fakes.labels, len(fakes.images)))
        terms = {"adversarial": self.adversarial_loss.generator(logits)}
        if self.feature_matching:
            with torch.no_grad():
                _, real_features = self.discriminator(real, self.context(labels, len(images)))
            terms["feature_matching"] = self.feature_matching * feature_matching(real_features, features)
        terms |= self._penalty(
            "generator", lambda z: self._images(z, fakes.labels, generator=generator), real, fakes, generator=generator
        )
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
        """``temperature`` scales the latent."""
        fakes = self._generate(count, labels, temperature=temperature, generator=generator)
        return self.spec.to_pixels((fakes.images + 1) / 2)

    def _generate(
        self, count: int, labels: Tensor | None, *, temperature: float = 1.0, generator: torch.Generator | None
    ) -> Fakes:
        check_count(count)
        check_temperature(temperature)
        noise = torch.randn(count, self.latent_size, generator=generator, device=self.device, dtype=self.dtype)
        labels = labels_for_sampling(self, count, labels, generator=generator)
        z = temperature * noise
        return Fakes(self._images(z, labels, generator=generator), z, labels)

    def _images(self, z: Tensor, labels: Tensor | None, *, generator: torch.Generator | None) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1]."""
        return torch.tanh(self.generator(z, self.context(labels, len(z)), generator=generator))

    def _penalty(
        self, player: str, network: Network, real: Tensor, fakes: Fakes, *, generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        """The sum of the penalties of a player, ``(B,)``, as a term of its loss: zero in a step that computes none."""
        penalties = [each for each in self.penalties if isinstance(each, Penalty) and each.player == player]
        if not penalties:
            return {}
        due = [penalty for penalty in penalties if int(self.step) % penalty.every == 0]
        values = [penalty.every * penalty(network, real, fakes, generator=generator) for penalty in due]
        return {"penalty": sum(values, start=at_least_float32(real.new_zeros(len(real))))}

    def _scale(self, images: Tensor) -> Tensor:
        return self.spec.to_symmetric_range(images, self.dtype)
