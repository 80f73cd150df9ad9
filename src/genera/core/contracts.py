"""What a model promises: pixels in, pixels out, and which questions it can answer.

Every promise is an abstract class, subclassed by name and one level deep. Images are always uint8
``(B, C, H, W)`` with values below ``spec.levels``; log-probabilities are nats and shaped ``(B,)``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeGuard

import torch
from torch import Tensor, nn

from genera.core.image_spec import ImageSpec

#: Looks at generated images during training, uint8 stretched to 256 levels, and names what it saw, such as
#: ``{"diversity": 0.31}``.
Probe = Callable[[Tensor], dict[str, float]]


@dataclass(frozen=True)
class Loss:
    """What one batch costs.

    Args:
        total: ``(B,)``, nats per image summed over dimensions; ``()`` only for terms that are defined on a batch.
        terms: parts that sum to ``total``, by name.
        logs: detached values worth watching, of any shape.
    """

    total: Tensor
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    logs: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Where training stands before a step.

    Args:
        step: optimiser steps taken.
        epoch: epochs of the plan passed so far. Under a time budget the plan is stretched or squeezed to it.
        fraction: share of the training that is over, 0 … 1.
        num_epochs: epochs of the whole plan.
    """

    step: int
    epoch: float
    fraction: float
    num_epochs: float = math.inf


class Transform(nn.Module, ABC):
    """An invertible map with a tractable log-determinant; it points from the data to the latent.

    Args:
        shape: shape of one input, without the batch.
        out_shape: shape of one output; ``shape`` where omitted.
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
    """A density over flat vectors ``(B, D)`` that can be drawn from."""

    @abstractmethod
    def log_prob(self, z: Tensor, context: Tensor | None = None) -> Tensor:
        """``(B, D) -> (B,)`` nats."""

    @abstractmethod
    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Draw ``(count, D)``; ``temperature`` scales the spread around the mean, of a mixture's component drawn.

        Raises:
            ValueError: ``count`` or ``temperature`` is not what :func:`check_count` and :func:`check_temperature` take.
        """


class Dequantizer(nn.Module, ABC):
    """Turns integer pixels into real numbers in [0, 1): the only stochastic step of a flow.

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
        """The same map without noise: each pixel at the middle of its bin."""
        return self.place(images, torch.full_like(images, 0.5, dtype=torch.get_default_dtype()))[0]

    def place(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Put every pixel where ``noise`` in [0, 1] says within its bin: ``y = (images + u) / levels``.

        Returns:
            ``y``, in float32 at least, and ``log |det dy/du|``, ``(B,)`` nats. The noise is squeezed a little away
            from the edges of its bin.
        """
        noise = noise.to(torch.promote_types(noise.dtype, torch.float32))
        # Within a few ulp of an edge of its bin, rounding would carry a value over into the next one. To clamp the
        # noise would gather what lies there in a point, and a density with a spike on it would get paid for it.
        margin = 2 * self.spec.levels * torch.finfo(noise.dtype).eps
        y = (images + (margin + (1 - 2 * margin) * noise)) / self.spec.levels
        log_det = self.spec.num_dims * (math.log1p(-2 * margin) - math.log(self.spec.levels))
        return y, noise.new_full((len(images),), log_det)

    def quantize(self, y: Tensor) -> Tensor:
        """Real numbers back to uint8 pixels; exact for every ``y`` that ``forward`` gives."""
        return (y * self.spec.levels).floor().clamp(0, self.spec.levels - 1).to(torch.uint8)


class ImageModel(nn.Module, ABC):
    """A network for images. ``spec`` says what images it was built for.

    Its weights are kept in float32 or float64. In bfloat16 there are fewer numbers between 0 and 1 than the 256 levels
    of a pixel need, and sums of log-determinants lose their digits in either half precision: a flow gives NaN, or black
    reconstructions. :func:`torch.autocast` runs the networks in half precision and leaves the rest as it is.
    """

    spec: ImageSpec
    #: Whether it must be told the labels of images; what it then says of images holds given their labels.
    class_conditional: bool = False
    #: Whether it cannot sample before :meth:`finalize`.
    needs_finalize: bool = False

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """What ``to``, ``half``, ``bfloat16``, ``type`` and the like do to every tensor of the model.

        Raises:
            ValueError: they would leave it in less than float32; it is as it was then.
        """
        own = (*self.parameters(), *self.buffers())
        kinds = {tensor.dtype for tensor in own if tensor.is_floating_point()}
        # Of nothing: what becomes of the kind is all that is asked.
        for wanted in (fn(torch.empty(0, dtype=kind)).dtype for kind in kinds):
            if wanted not in (torch.float32, torch.float64):
                raise ValueError(
                    f"{type(self).__name__} computes in float32 and cannot be moved to {wanted}: keep its weights in "
                    "float32 and use torch.autocast, or --precision bf16-mixed in training, for speed"
                )
        return super()._apply(fn, recurse)

    def initialize(self, images: Tensor) -> None:
        """Set up from data once before training, on the same batch in every process.

        Noise comes from torch's global generator, as that of fresh weights does; see :func:`~genera.core.noise_from`.
        """

    def advance(self, progress: Progress) -> None:
        """Follow a schedule before a step. What it sets are 0-dim buffers, so every copy of the model sees the same."""

    def finalize(self, images: Tensor, *, generator: torch.Generator) -> None:
        """After training, fit from uint8 training images ``(N, C, H, W)`` what gradients cannot learn.

        It is called once, with the weights that are kept.
        """


class Trainable(ImageModel):
    """A model with one loss."""

    @abstractmethod
    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """What these images cost; all noise comes from ``generator``, torch's global one where there is none."""

    def validation_loss(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """What selection and the plateau watch: the negative log-probability of a density, whatever weights its
        training loss has, and the training loss otherwise.

        Parts of it that are neither ``(B,)`` nor ``()`` are not logged.
        """
        if has_density(self):
            return Loss(-self.log_prob(images, labels, generator=generator))
        return self.loss(images, labels, generator=generator)


class Generative(ABC):
    """Draws images."""

    spec: ImageSpec

    @abstractmethod
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 ``(count, C, H, W)``; ``labels`` are int64 ``(count,)``.

        Raises:
            ValueError: ``count`` or ``temperature`` is not what :func:`check_count` and :func:`check_temperature` take,
                or the labels do not fit.
        """


class Density(ABC):
    """Knows how probable images are."""

    spec: ImageSpec
    class_conditional: bool = False
    #: Not where a part it was made of, such as a cross-entropy on grey pixels, has no probabilities.
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
        """A lower bound in expectation on the log-probability of the integer pixels: ``(B,)`` nats, in float32."""


def has_density(model: object) -> TypeGuard[Density]:
    """Whether a model can be asked for log-probabilities."""
    return isinstance(model, Density) and model.has_density


class Autoencoding(ABC):
    """Maps images to latents and back."""

    spec: ImageSpec
    class_conditional: bool = False
    #: Whether every image comes back as it was, as from a flow.
    is_exact: bool = False

    @abstractmethod
    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """``(B, D)`` latents: the mean, or a draw where a generator is given and the encoder is not deterministic."""

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(B, D) -> (B, C, H, W)`` uint8."""

    def reconstruct(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images as the model remembers them: ``decode(encode(images))``."""
        return self.decode(self.encode(images, labels), labels)


@dataclass(frozen=True)
class Fakes:
    """One pass of a generator, usable by both players' steps.

    Args:
        images: ``(B, C, H, W)`` real numbers in [-1, 1], with their graph.
        latents: ``(B, D)`` they came from.
        labels: ``(B,)`` int64, where the model is conditional.
    """

    images: Tensor
    latents: Tensor
    labels: Tensor | None = None


class TwoPlayer(ImageModel):
    """A generator and a discriminator with a loss each.

    All noise of a step comes from the ``generator`` its methods are given, torch's global one where there is none.
    """

    generator: nn.Module
    discriminator: nn.Module

    @abstractmethod
    def generate(self, count: int, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Fakes:
        """Make ``count`` images, keeping the graph."""

    @abstractmethod
    def discriminator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """What the discriminator gets wrong; no gradient reaches the generator."""

    @abstractmethod
    def generator_loss(
        self, images: Tensor, fakes: Fakes, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Loss:
        """What the generator fails to make the discriminator believe."""

    @abstractmethod
    def score(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits ``(B,)`` for uint8 images: higher is more real."""
