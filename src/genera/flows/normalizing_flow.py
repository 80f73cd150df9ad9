"""A normalizing flow on integer images."""

from __future__ import annotations

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
    UniformDequantizer,
    check_importance_samples,
    check_labels,
    labels_for_sampling,
    log_mean_exp,
    one_hot,
)
from genera.flows.actnorm import ActNorm
from genera.flows.chain import Chain, TransformFactory
from genera.flows.coupling import ChannelCoupling, Coupling
from genera.flows.multiscale import latent_scales

#: Pixel values that `log_prob` takes through the flow at a time: 25 images of MNIST on a processor, where few stay in
#: the cache and go through twice as fast as a hundred; on an accelerator 500, whose memory keeps within some 100 MiB.
_VALUES_AT_ONCE = {"cpu": 20_000}
_VALUES_AT_ONCE_ELSEWHERE = 400_000


class NormalizingFlow(Trainable, Generative, Density, Autoencoding):
    """pixels → dequantizer → transforms → base distribution.

    ``log p(x) ≥ E[log p_base(z) + log |det dz/dy| + log_weight]`` with ``y`` the dequantized pixels and ``z`` what the
    transforms make of them.

    Args:
        spec: the images.
        transforms: factories ``shape -> Transform``, from the pixels to the latent.
        dequantizer: makes the pixels continuous.
        base: distribution of the flat latent, made for its length.
        class_conditional: give the transforms the label as context, one-hot ``(B, num_classes)``.

    Raises:
        ValueError: ``class_conditional``, and the images have no labels or no transform takes as many classes; or
            a transform takes a context, and there is none.

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
        base: Callable[[int], Distribution] = StandardNormal,
        class_conditional: bool = False,
    ) -> None:
        super().__init__()
        if class_conditional and not spec.num_classes:
            raise ValueError("class_conditional needs images with labels, got a data set without classes")
        self.spec = spec
        self.dequantizer = dequantizer(spec)
        self.transform = Chain(spec.shape, transforms)
        self.base = base(spec.num_dims)
        self.class_conditional = class_conditional
        self._check_context_channels()

    @property
    def latent_scales(self) -> list[int]:
        """How many values of the latent each scale makes, coarsest first: in the order they lie in it."""
        return latent_scales(self.transform)

    @torch.no_grad()
    def initialize(self, images: Tensor) -> None:
        """Let every :class:`ActNorm` see what reaches it, in the order in which it does; labels take turns."""
        norms = [module for module in self.modules() if isinstance(module, ActNorm)]
        if not norms:
            return
        labels = (
            torch.arange(len(images), device=images.device) % self.spec.num_classes if self.class_conditional else None
        )
        with ExitStack() as hooks:
            for norm in norms:
                handle = norm.register_forward_pre_hook(lambda norm, args: norm.initialize(args[0]))
                hooks.callback(handle.remove)
            self._log_weight(images, labels, generator=None)

    def loss(self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None) -> Loss:
        """Negative bound on the log-probability of the pixels, ``(B,)`` nats."""
        nll = -self._log_weight(images, labels, generator=generator)
        return Loss(nll, {"nll": nll})

    def log_prob(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        num_importance_samples: int = 1,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Lower bound in expectation on the log-probability of the pixels; tighter with more importance samples.

        The draws go through the flow a bounded number at a time: unless gradients are recorded, memory does not grow
        with their number.

        Raises:
            ValueError: the images or labels do not fit, or ``num_importance_samples`` is out of range.
        """
        self.spec.check(images)
        check_importance_samples(num_importance_samples=num_importance_samples)
        given: Tensor | None = None
        if self.class_conditional:
            # Before they are divided, where too many would pass.
            given = check_labels(labels, count=len(images), num_classes=self.spec.num_classes)
        values = _VALUES_AT_ONCE.get(images.device.type, _VALUES_AT_ONCE_ELSEWHERE)
        at_once = max(1, values // self.spec.num_dims)
        every_draw = torch.arange(len(images), device=images.device).repeat(num_importance_samples)
        with torch.autocast(images.device.type, enabled=False):
            draws = [
                self._log_weight(images[index], None if given is None else given[index], generator=generator)
                for index in every_draw.split(at_once)
            ]
        return log_mean_exp(torch.cat(draws).unflatten(0, (num_importance_samples, -1)), dim=0)

    def encode(
        self, images: Tensor, labels: Tensor | None = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """``(B, D)`` latents, of the middle of each pixel's bin or of a draw where a generator is given.

        Raises:
            ValueError: the images do not fit the spec.
        """
        self.spec.check(images)
        if generator is None:
            y = self.dequantizer.center(images)
        else:
            y, _ = self.dequantizer(images, generator=generator)
        z, _ = self.transform(y.to(self._dtype), self._context(labels, len(images)))
        return z.flatten(1)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(B, D)`` latents to uint8 images ``(B, C, H, W)``."""
        y, _ = self.transform.inverse(z.unflatten(1, self.transform.out_shape), self._context(labels, len(z)))
        return self.dequantizer.quantize(y)

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        labels: Tensor | None = None,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 ``(count, C, H, W)``; a ``temperature`` below 1 stays nearer to the mode of the base.

        A class-conditional flow draws labels evenly where none are given.

        Raises:
            ValueError: labels are given, and this flow is not conditional; or they do not fit.
        """
        z = self.base.sample(count, temperature=temperature, generator=generator)
        return self.decode(z, labels_for_sampling(self, count, labels, generator=generator))

    @torch.no_grad()
    def resample(
        self, images: Tensor, labels: Tensor | None = None, *, keep: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """The images with their ``keep`` coarsest scales as they are, and the finer ones drawn anew.

        Raises:
            ValueError: ``keep`` is not between 0 and the number of scales, or the images do not fit the spec.
        """
        scales = self.latent_scales
        if not 0 <= keep <= len(scales):
            raise ValueError(f"keep must be between 0 and the {len(scales)} scales of this flow, got {keep}")
        self.spec.check(images)
        # Not the middles of the bins: where a learned dequantizer hardly ever puts a pixel, latents are far out.
        y, _ = self.dequantizer(images, generator=generator)
        z, _ = self.transform(y.to(self._dtype), self._context(labels, len(images)))
        z, drawn = z.flatten(1), self.base.sample(len(images), generator=generator)
        kept = sum(scales[:keep])
        return self.decode(torch.cat([z[:, :kept], drawn[:, kept:]], dim=1), labels)

    def _log_weight(self, images: Tensor, labels: Tensor | None, *, generator: torch.Generator | None) -> Tensor:
        """One draw of ``log p(y) - log q(y | x)``, ``(B,)`` nats: its exponential is an unbiased estimate of p(x)."""
        y, log_weight = self.dequantizer(images, generator=generator)
        z, log_det = self.transform(y.to(self._dtype), self._context(labels, len(images)))
        return self.base.log_prob(z.flatten(1)) + log_det + log_weight

    def _context(self, labels: Tensor | None, count: int) -> Tensor | None:
        """One-hot labels ``(count, num_classes)`` for a conditional flow."""
        if not self.class_conditional:
            return None
        return one_hot(labels, self.spec.num_classes, count=count, dtype=self._dtype)

    def _check_context_channels(self) -> None:
        """Refuse a recipe whose couplings expect other labels than there are, before it meets a batch."""
        expected = self.spec.num_classes if self.class_conditional else 0
        found = {
            module.context_channels
            for module in self.transform.modules()
            if isinstance(module, Coupling | ChannelCoupling)
        } - {0}
        if found - {expected}:
            raise ValueError(
                f"couplings have context_channels {min(found - {expected})}, but the context has {expected} channels: "
                + ("set it to the number of classes" if expected else "set class_conditional, or leave it out")
            )
        if self.class_conditional and not found:
            raise ValueError(f"class_conditional needs couplings with context_channels {expected}, got none")

    @property
    def _dtype(self) -> torch.dtype:
        """Precision of the parameters; integer pixels have none of their own to follow."""
        return next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
