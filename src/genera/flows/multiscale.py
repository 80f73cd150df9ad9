"""Parts of multi-scale flows: squeezing space into channels, and factoring out half of the values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import Transform
from genera.flows.chain import Chain, ContextTransformFactory, TransformFactory, checked_context, with_context_channels


class Squeeze(Transform):
    """Every 2×2 block of pixels becomes four channels: ``(C, H, W) -> (4C, H/2, W/2)``.

    Channel ``4c + 2i + j`` holds the pixels of row parity ``i`` and column parity ``j``.

    Args:
        shape: ``(C, H, W)``.

    Raises:
        ValueError: height or width is odd.

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.6.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        channels, height, width = shape
        if height % 2 or width % 2:
            raise ValueError(
                f"Squeeze needs an even height and width, got {height}×{width}: "
                "use a recipe with fewer squeezes, or resize the images"
            )
        super().__init__(shape, out_shape=(4 * channels, height // 2, width // 2))

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        # pixel_unshuffle does not change the shape of an empty batch.
        return F.pixel_unshuffle(x, 2).view(len(x), *self.out_shape), x.new_zeros(len(x))

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return F.pixel_shuffle(y, 2), y.new_zeros(len(y))


class Squeezed(Transform):
    """Squeezes the image, applies transforms, and unsqueezes it: they run at lower cost and the shape is kept.

    Args:
        shape: ``(C, H, W)``.
        context_channels: K, of a context ``(B, K, H, W)``, which is squeezed as well; if 0, a context is ignored.
        transforms: factories ``(shape, context_channels) -> Transform`` for the squeezed image and context.

    Raises:
        ValueError: height or width is odd, a transform changes the shape, or the context is not ``(B, K, H, W)``.
    """

    def __init__(
        self, shape: tuple[int, ...], context_channels: int = 0, *, transforms: Sequence[ContextTransformFactory]
    ) -> None:
        super().__init__(shape)
        self.context_channels = context_channels
        self.squeeze = Squeeze(shape)
        squeezed = self.squeeze.out_shape
        self.chain = Chain(squeezed, [with_context_channels(make, 4 * context_channels) for make in transforms])
        if self.chain.out_shape != squeezed:
            raise ValueError(
                f"Squeezed needs transforms that keep the shape {squeezed}, got ones to {self.chain.out_shape}"
            )

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        y, log_det = self.chain(self.squeeze(x)[0], self._squeeze_context(context))
        return self.squeeze.inverse(y)[0], log_det

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x, log_det = self.chain.inverse(self.squeeze(y)[0], self._squeeze_context(context))
        return self.squeeze.inverse(x)[0], log_det

    def _squeeze_context(self, context: Tensor | None) -> Tensor | None:
        if not self.context_channels:
            return None
        shape = (self.context_channels, *self.shape[1:])
        context = checked_context(context, shape, needed_by="Squeezed")
        return F.pixel_unshuffle(context, 2).view(len(context), 4 * self.context_channels, *self.squeeze.out_shape[1:])


class Split(Transform):
    """Factors out the second half of the channels to the latent; ``transforms`` are applied to the first half.

    Both halves end in one flat latent, the kept half first, so a multi-scale flow is a single bijection.

    Args:
        shape: ``(C, H, W)`` with an even number of channels.
        transforms: factories of the transforms of the kept half.
        prior: factory of a transform of the factored-out half, conditional on the kept half; if None, the identity.

    Raises:
        ValueError: the number of channels is odd.

    Example:
        >>> from functools import partial
        >>> from genera.flows import Chain, Split, Squeeze
        >>> Chain((1, 4, 4), [Squeeze, partial(Split, transforms=[Squeeze])]).latent_shapes
        [(8, 1, 1), (2, 2, 2)]

    Source:
        Dinh, Sohl-Dickstein & Bengio (2017), section 3.6.
    """

    def __init__(
        self, shape: tuple[int, ...], *, transforms: Sequence[TransformFactory], prior: TransformFactory | None = None
    ) -> None:
        channels, height, width = shape
        if channels % 2:
            raise ValueError(f"Split needs an even number of channels, got shape {tuple(shape)}: squeeze first")
        super().__init__(shape, out_shape=(math.prod(shape),))
        self.half_shape = (channels // 2, height, width)
        self.prior = Chain(self.half_shape, [] if prior is None else [prior])
        self.rest = Chain(self.half_shape, transforms)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return [*self.rest.latent_shapes, self.half_shape]

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, factored_out = x.chunk(2, dim=1)
        factored_out, log_det_prior = self.prior(factored_out, kept)
        z, log_det = self.rest(kept, context)
        return torch.cat([z.flatten(1), factored_out.flatten(1)], dim=1), log_det + log_det_prior

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z, factored_out = y.chunk(2, dim=1)
        kept, log_det = self.rest.inverse(z.unflatten(1, self.rest.out_shape), context)
        factored_out, log_det_prior = self.prior.inverse(factored_out.unflatten(1, self.half_shape), kept)
        return torch.cat([kept, factored_out], dim=1), log_det + log_det_prior
