"""A normalizing flow on integer images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import torch
from torch import Tensor

from genera.core import (
    Autoencoding,
    Density,
    Dequantizer,
    Distribution,
    Generative,
    ImageSpec,
    Loss,
    StandardNormal,
    Trainable,
    Transform,
    UniformDequantizer,
    check_importance_samples,
    labels_for_sampling,
    log_mean_exp,
)
from genera.flows.chain import Chain, TransformFactory

#: Pixel values per chunk in `log_prob` and `decode`: on a CPU 25 images of MNIST, which fit into the cache and are
#: twice as fast as chunks of a hundred; on an accelerator 500, which need about 100 MiB.
_CPU_CHUNK_VALUES = 20_000
_ACCELERATOR_CHUNK_VALUES = 400_000


class NormalizingFlow(Trainable, Generative, Density, Autoencoding):
    """pixels → dequantizer → transforms → base distribution.

    ``log p(x) ≥ E[log p_base(z) + log |det dz/dy| + log_weight]`` with ``y`` the dequantized pixels and ``z`` their
    latent.

    Args:
        spec: the images.
        transforms: factories ``shape -> Transform``, from the pixels to the latent.
        dequantizer: factory of the dequantizer.
        base: factory of the distribution of the flat latent, from its shape ``(D,)``.
        class_conditional: pass the label to the transforms as context, one-hot ``(B, num_classes)``.

    Raises:
        ValueError: ``class_conditional`` without labels, or without a transform whose ``context_channels`` is the
            number of classes; or a transform needs another context.

    Example:
        >>> import torch
        >>> from genera.core import ImageSpec
        >>> from genera.flows import Logit, NormalizingFlow
        >>> flow = NormalizingFlow(ImageSpec(1, 4, 4), transforms=[Logit])
        >>> flow.sample(2).shape
        torch.Size([2, 1, 4, 4])

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017); Ho et al. (2019) for the bound.
    """

    is_exact = True

    def __init__(
        self,
        spec: ImageSpec,
        *,
        transforms: Sequence[TransformFactory],
        dequantizer: Callable[[ImageSpec], Dequantizer] = UniformDequantizer,
        base: Callable[[tuple[int, ...]], Distribution] = StandardNormal,
        class_conditional: bool = False,
    ) -> None:
        super().__init__(spec, class_conditional=class_conditional)
        self.dequantizer = dequantizer(spec)
        self.transform = Chain(spec.shape, transforms)
        self.base = base((spec.num_dims,))
        self._check_context_channels()

    @property
    def latent_scales(self) -> list[int]:
        """Number of values of each scale in the latent, coarsest first, which is their order in the latent."""
        return [math.prod(shape) for shape in self.transform.latent_shapes]

    @torch.no_grad()
    def initialize(self, images: Tensor) -> None:
        """Initialize every transform that needs it from its own input; a conditional flow cycles through labels."""
        transforms = [each for each in self.modules() if isinstance(each, Transform) and each.needs_initialize]
        if not transforms:
            return
        labels = torch.arange(len(images), device=images.device) % max(self.spec.num_classes, 1)
        with ExitStack() as hooks:
            for transform in transforms:
                handle = transform.register_forward_pre_hook(lambda transform, args: transform.initialize(args[0]))
                hooks.callback(handle.remove)
            self._log_weight(images, self.context(labels, len(images)), generator=None)

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """The negative of :meth:`log_prob` with one importance sample."""
        nll = -self._log_weight(images, self.context(labels, len(images)), generator=generator)
        return Loss(nll, {"nll": nll})

    def log_prob(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        num_importance_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Samples are evaluated in chunks: unless gradients are recorded, memory does not grow with their number."""
        self.spec.check(images)
        check_importance_samples(num_importance_samples=num_importance_samples)
        context = self.context(labels, len(images))
        indices = torch.arange(len(images), device=images.device).repeat(num_importance_samples)
        with torch.autocast(images.device.type, enabled=False):
            log_weights = [
                self._log_weight(images[index], None if context is None else context[index], generator=generator)
                for index in indices.split(self._chunk_size)
            ]
        return log_mean_exp(torch.cat(log_weights).unflatten(0, (num_importance_samples, -1)), dim=0)

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Latents of the centers of the pixels' bins, or of a dequantization sample if a generator is given."""
        self.spec.check(images)
        if generator is None:
            y = self.dequantizer.center(images)
        else:
            y, _ = self.dequantizer(images, generator=generator)
        z, _ = self.transform(y.to(self.dtype), self.context(labels, len(images)))
        return z.flatten(1)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        context, images = self.context(labels, len(z)), []
        for index in torch.arange(len(z), device=z.device).split(self._chunk_size):
            part = z[index].unflatten(1, self.transform.out_shape)
            y, _ = self.transform.inverse(part, None if context is None else context[index])
            images.append(self.dequantizer.quantize(y))
        return torch.cat(images)

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """A ``temperature`` below 1 samples closer to the mode of the base."""
        z = self.base.sample(count, temperature=temperature, generator=generator)
        return self.decode(z, labels_for_sampling(self, count, labels, generator=generator))

    @torch.no_grad()
    def resample(
        self, images: Tensor, labels: Tensor | None = None, *, keep: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """The images with their ``keep`` coarsest scales unchanged and the finer scales sampled from the base.

        Raises:
            ValueError: ``keep`` is not between 0 and the number of scales, or the images do not fit the spec.
        """
        scales = self.latent_scales
        if not 0 <= keep <= len(scales):
            raise ValueError(f"keep must be between 0 and the {len(scales)} scales of this flow, got {keep}")
        self.spec.check(images)
        # Not the centers of the bins: if a learned dequantizer rarely samples them, their latents are outliers.
        y, _ = self.dequantizer(images, generator=generator)
        z, _ = self.transform(y.to(self.dtype), self.context(labels, len(images)))
        z, sampled = z.flatten(1), self.base.sample(len(images), generator=generator)
        num_kept = sum(scales[:keep])
        return self.decode(torch.cat([z[:, :num_kept], sampled[:, num_kept:]], dim=1), labels)

    @property
    def _chunk_size(self) -> int:
        """Images computed at a time."""
        values = _CPU_CHUNK_VALUES if self.device.type == "cpu" else _ACCELERATOR_CHUNK_VALUES
        return max(1, values // self.spec.num_dims)

    def _log_weight(self, images: Tensor, context: Tensor | None, *, generator: torch.Generator | None) -> Tensor:
        """One sample of ``log p(y) - log q(y | x)``, ``(B,)`` nats: its exponential is an unbiased estimate of p(x)."""
        y, log_weight = self.dequantizer(images, generator=generator)
        z, log_det = self.transform(y.to(self.dtype), context)
        return self.base.log_prob(z.flatten(1)) + log_det + log_weight

    def _check_context_channels(self) -> None:
        """Check that the couplings expect the context that the flow passes to them."""
        expected = self.spec.num_classes if self.class_conditional else 0
        modules = self.transform.modules()
        context_channels = {each.context_channels for each in modules if isinstance(each, Transform)} - {0}
        if wrong := context_channels - {expected}:
            raise ValueError(
                f"couplings have context_channels {min(wrong)}, but the context has {expected} channels: "
                + ("set it to the number of classes" if expected else "set class_conditional, or omit context_channels")
            )
        if self.class_conditional and not context_channels:
            raise ValueError(f"class_conditional needs couplings with context_channels {expected}, got none")
