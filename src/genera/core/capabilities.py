"""What a model can do: one abstract class per capability, subclassed by name and one level deep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

import torch
from torch import Tensor, nn

from genera.core.image_model import ImageModel

#: Computes metrics of generated images, uint8 rescaled to 256 levels, during training: ``{"diversity": 0.31}``.
Probe = Callable[[Tensor], dict[str, float]]


@dataclass(frozen=True)
class Loss:
    """The loss of one batch.

    Args:
        total: ``(B,)``, nats per image summed over dimensions; ``()`` only for terms that are defined on a batch.
        terms: parts that sum to ``total``, by name.
        logs: detached values to log, of any shape.
    """

    total: Tensor
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    logs: Mapping[str, Tensor] = field(default_factory=dict)


class Trainable(ImageModel):
    """A model with one loss."""

    @abstractmethod
    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """The loss of a batch; noise comes from ``generator``, or torch's global generator if it is None."""

    def validation_loss(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The loss that model selection and plateau schedules use: the negative log-probability if the model has a
        density, however its training loss is weighted, otherwise the training loss.

        Terms and logs that are neither ``(B,)`` nor ``()`` are not logged.
        """
        if has_density(self):
            return Loss(-self.log_prob(images, labels, generator=generator))
        return self.loss(images, labels, generator=generator)


class Generative(ImageModel):
    """A model that can sample images."""

    @abstractmethod
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 ``(count, C, H, W)``; ``labels`` are int64 ``(count,)``, and sampled uniformly if none are given.

        Raises:
            ValueError: :func:`check_count` or :func:`check_temperature` rejects an argument, the labels do not fit, or
                labels are given to an unconditional model.
        """


class Density(ImageModel):
    """A model that computes log-probabilities of images."""

    #: False if a part of the model is not a probability, such as a cross-entropy on grey pixels.
    has_density: bool = True

    @abstractmethod
    def log_prob(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        num_importance_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """A lower bound in expectation on the log-probability of the integer pixels: ``(B,)`` nats, float32.

        With more importance samples the bound is tighter.

        Raises:
            ValueError: the images or labels do not fit, or :func:`check_importance_samples` rejects the number.
        """


def has_density(model: object) -> TypeGuard[Density]:
    """Whether a model computes log-probabilities."""
    return isinstance(model, Density) and model.has_density


class Autoencoding(ImageModel):
    """Maps images to latents and back."""

    #: Whether reconstructions equal the images, as those of a flow do.
    is_exact: bool = False

    @abstractmethod
    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """``(B, D)`` latents: the mean, or a sample if a generator is given and the encoder is stochastic.

        Raises:
            ValueError: the images or labels do not fit.
        """

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(B, D) -> (B, C, H, W)`` uint8."""

    def reconstruct(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Reconstructions: ``decode(encode(images))``."""
        return self.decode(self.encode(images, labels), labels)


@dataclass(frozen=True)
class Fakes:
    """Generated images of one forward pass, usable in the steps of both players.

    Args:
        images: ``(B, C, H, W)`` real numbers in [-1, 1], attached to their graph.
        latents: ``(B, D)``, the generator's input.
        labels: ``(B,)`` int64 if the model is conditional.
    """

    images: Tensor
    latents: Tensor
    labels: Tensor | None = None


class TwoPlayer(ImageModel):
    """A generator and a discriminator, each with its own loss.

    All noise of a step comes from the ``generator`` argument, or torch's global generator if it is None.
    """

    #: ``(z, labels, *, generator=None)``: latents ``(B, D)`` and one-hot labels ``(B, num_classes)`` or None to images.
    generator: nn.Module
    discriminator: nn.Module

    @abstractmethod
    def generate(self, count: int, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Fakes:
        """Generate ``count`` images, attached to their graph; raises ValueError if the labels do not fit."""

    @abstractmethod
    def discriminator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The discriminator's loss; no gradient reaches the generator."""

    @abstractmethod
    def generator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """The generator's loss."""

    @abstractmethod
    def score(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits ``(B,)`` for uint8 images: higher is more real.

        Raises:
            ValueError: the images or labels do not fit.
        """
