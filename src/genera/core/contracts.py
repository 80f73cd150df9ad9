"""Contracts of models: integer pixels in, integer pixels out, and one abstract class per capability.

Contracts are subclassed explicitly and one level deep. Images are always uint8 ``(B, C, H, W)`` with values below
``spec.levels``; log-probabilities are in nats and have shape ``(B,)``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Self, TypeGuard

import torch
from torch import Tensor, nn

from genera.core.image_spec import ImageSpec
from genera.core.labels import one_hot

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


@dataclass(frozen=True)
class Progress:
    """The progress of training before a step.

    Args:
        step: optimiser steps taken.
        epoch: planned epochs completed. Under a time budget the plan is stretched or compressed to fit it.
        fraction: completed fraction of the training, 0 … 1.
        num_epochs: epochs of the whole plan.
    """

    step: int
    epoch: float
    fraction: float
    num_epochs: float = math.inf


class Transform(nn.Module, ABC):
    """An invertible map from data to latent with a tractable log-determinant.

    Args:
        shape: shape of one input, without the batch.
        out_shape: shape of one output; ``shape`` if omitted.
    """

    def __init__(self, shape: tuple[int, ...], *, out_shape: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.out_shape = self.shape if out_shape is None else tuple(out_shape)

    @abstractmethod
    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, *shape) -> (B, *out_shape)`` and ``log |det dy/dx|``, ``(B,)`` nats. Deterministic."""

    @abstractmethod
    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, *out_shape) -> (B, *shape)`` and ``log |det dx/dy|``, ``(B,)`` nats."""


class Distribution(nn.Module, ABC):
    """A density over flat vectors ``(B, D)`` that can be sampled from."""

    @abstractmethod
    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """``(B, D) -> (B,)`` nats."""

    @abstractmethod
    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Sample ``(count, D)``; ``temperature`` scales the noise around the mean (in a mixture: of the component).

        Raises:
            ValueError: :func:`check_count` or :func:`check_temperature` rejects an argument.
        """


class Dequantizer(nn.Module, ABC):
    """Maps integer pixels to real numbers in [0, 1): the only stochastic step of a flow.

    For any density p on [0, 1)^D, ``E[log p(y) + log_weight]`` is a lower bound of the log-probability of the pixels.

    Args:
        spec: the images.
    """

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.spec = spec

    @abstractmethod
    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """uint8 ``(B, C, H, W)`` -> ``y`` in [0, 1) of that shape, and ``log_weight`` ``(B,)`` nats."""

    def center(self, images: Tensor) -> Tensor:
        """The same map without noise: each pixel at the center of its bin."""
        return self.place(images, torch.full_like(images, 0.5, dtype=torch.get_default_dtype()))[0]

    def place(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Place every pixel within its bin by ``noise`` in [0, 1]: ``y = (images + u) / levels``.

        Returns:
            ``y``, at least float32, and ``log |det dy/du|``, ``(B,)`` nats. The noise is scaled to stay slightly away
            from the edges of the bin.
        """
        noise = noise.to(torch.promote_types(noise.dtype, torch.float32))
        # Within a few ulp of the edge of a bin, rounding can move a value into the next bin. Clamping the noise instead
        # would put probability mass on one point, and a density with a spike there would gain from it.
        margin = 2 * self.spec.levels * torch.finfo(noise.dtype).eps
        y = (images + (margin + (1 - 2 * margin) * noise)) / self.spec.levels
        log_det = self.spec.num_dims * (math.log1p(-2 * margin) - math.log(self.spec.levels))
        return y, noise.new_full((len(images),), log_det)

    def quantize(self, y: Tensor) -> Tensor:
        """Real numbers back to uint8 pixels; exact for every ``y`` that ``forward`` returns."""
        return (y * self.spec.levels).floor().clamp(0, self.spec.levels - 1).to(torch.uint8)


class ImageModel(nn.Module, ABC):
    """A model of images. What it can do is said by the classes below, of which it may combine several.

    Its weights must be float32 or float64. bfloat16 has too few numbers between 0 and 1 for the 256 levels of a pixel,
    and sums of log-determinants lose their digits in both half precisions: a flow returns NaN or black
    reconstructions. :func:`torch.autocast` runs the networks in half precision and leaves the rest unchanged.

    Args:
        spec: the images.
        class_conditional: condition the model on the labels, which its methods then require.

    Raises:
        ValueError: ``class_conditional`` without labels.
    """

    #: Whether it cannot sample before :meth:`finalize`.
    needs_finalize: bool = False

    def __init__(self, spec: ImageSpec, *, class_conditional: bool = False) -> None:
        super().__init__()
        if class_conditional and not spec.num_classes:
            raise ValueError("class_conditional needs images with labels, got a data set without classes")
        self.spec = spec
        self.class_conditional = class_conditional

    @property
    def device(self) -> torch.device:
        """The device of the weights, where images and noise must be."""
        return next((tensor.device for tensor in chain(self.parameters(), self.buffers())), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights, to which pixels and labels are converted."""
        return next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())

    def context(self, labels: Tensor | None, count: int) -> Tensor | None:
        """One-hot labels ``(count, num_classes)`` for a conditional model, otherwise None.

        Raises:
            ValueError: the model is conditional, and :func:`check_labels` rejects the labels of ``count`` images.
        """
        if not self.class_conditional:
            return None
        return one_hot(labels, self.spec.num_classes, count=count, dtype=self.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Apply ``fn`` to every tensor of the model, as ``to``, ``half``, ``bfloat16`` and ``type`` do.

        Raises:
            ValueError: the result would be less precise than float32; the model is left unchanged.
        """
        tensors = (*self.parameters(), *self.buffers())
        dtypes = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
        # Apply fn to an empty tensor to find the dtype it converts to.
        for target in (fn(torch.empty(0, dtype=dtype)).dtype for dtype in dtypes):
            if target not in (torch.float32, torch.float64):
                raise ValueError(
                    f"{type(self).__name__} computes in float32 and cannot be moved to {target}: keep its weights in "
                    "float32 and use torch.autocast, or --precision bf16-mixed in training, for speed"
                )
        return super()._apply(fn, recurse)

    def initialize(self, images: Tensor) -> None:
        """Initialize from data once before training, on the same batch in every process.

        Noise comes from torch's global generator, as for initial weights; see :func:`~genera.core.noise_from`.
        """

    def advance(self, progress: Progress) -> None:
        """Update scheduled values before a step. They are 0-dim buffers, so every copy of the model has the same."""

    def finalize(self, images: Tensor, *, generator: torch.Generator) -> None:
        """After training, fit from uint8 training images ``(N, C, H, W)`` what gradients cannot learn.

        It is called once, with the weights that are kept.
        """


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
