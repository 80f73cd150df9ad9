"""A normalizing flow on integer images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    log_mean_exp,
)
from genera.flows.chain import Chain, TransformFactory


class NormalizingFlow(Trainable, Generative, Density, Autoencoding):
    """pixels → dequantizer → transforms → base distribution.

    ``log p(x) ≥ E[log p_base(z) + log |det dz/dy| + log_weight]`` with ``y`` the dequantized pixels and ``z`` what the
    transforms make of them.

    Args:
        spec: the images.
        transforms: factories ``shape -> Transform``, from the pixels to the latent.
        dequantizer: makes the pixels continuous.
        base: distribution of the flat latent, made for its length.

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

    def __init__(
        self,
        spec: ImageSpec,
        *,
        transforms: Sequence[TransformFactory],
        dequantizer: Callable[[ImageSpec], Dequantizer] = UniformDequantizer,
        base: Callable[[int], Distribution] = StandardNormal,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.dequantizer = dequantizer(spec)
        self.transform = Chain(spec.shape, transforms)
        self.base = base(spec.num_dims)

    def loss(self, images: Tensor, labels: Tensor | None = None) -> Loss:
        """Negative bound on the log-probability of the pixels, ``(B,)`` nats."""
        nll = -self._log_weight(images, generator=None)
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

        Raises:
            ValueError: the images do not fit the spec, or ``num_importance_samples`` is not positive.
        """
        self.spec.check(images)
        if num_importance_samples < 1:
            raise ValueError(f"num_importance_samples must be at least 1, got {num_importance_samples}")
        with torch.autocast(images.device.type, enabled=False):
            draws = [self._log_weight(images, generator=generator) for _ in range(num_importance_samples)]
        return log_mean_exp(torch.stack(draws), dim=0)

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
        z, _ = self.transform(y.to(self._dtype))
        return z.flatten(1)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(B, D)`` latents to uint8 images ``(B, C, H, W)``."""
        y, _ = self.transform.inverse(z.unflatten(1, self.transform.out_shape))
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

        Raises:
            ValueError: labels are given, and this flow is not conditional.
        """
        if labels is not None:
            raise ValueError("this flow was not trained with labels and cannot draw by label: leave them out")
        return self.decode(self.base.sample(count, temperature=temperature, generator=generator))

    def _log_weight(self, images: Tensor, *, generator: torch.Generator | None) -> Tensor:
        """One draw of ``log p(y) - log q(y | x)``, ``(B,)`` nats: its exponential is an unbiased estimate of p(x)."""
        y, log_weight = self.dequantizer(images, generator=generator)
        z, log_det = self.transform(y.to(self._dtype))
        return self.base.log_prob(z.flatten(1)) + log_det + log_weight

    @property
    def _dtype(self) -> torch.dtype:
        """Precision of the parameters; integer pixels have none of their own to follow."""
        return next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
