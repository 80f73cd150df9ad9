"""Composition of transforms, and helpers for their factories and contexts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from genera.core import Transform

#: Builds a transform for a shape of inputs, so that a recipe need not state the sizes.
TransformFactory = Callable[[tuple[int, ...]], Transform]
#: The same for a transform with a context; the second argument is the number of channels of the context.
ContextTransformFactory = Callable[[tuple[int, ...], int], Transform]


def with_context_channels(make: ContextTransformFactory, context_channels: int) -> TransformFactory:
    """Bind the number of context channels of a factory, which gives a factory for :class:`Chain`."""
    return lambda shape: make(shape, context_channels)


#: Largest number of steps of :class:`Couplings` or :class:`GlowSteps`, which build a list of factories of that length.
MAX_STEPS = 1000


def check_steps(count: int) -> None:
    """Raise ValueError unless a number of steps is between 1 and ``MAX_STEPS``."""
    if not 1 <= count <= MAX_STEPS:
        raise ValueError(f"count must be at least 1 and at most {MAX_STEPS}, got {count}")


class Chain(Transform):
    """The composition of transforms, first to last; each is built for the output shape of the previous one.

    Args:
        shape: of one input, without the batch.
        transforms: factories ``shape -> Transform``; an empty sequence gives the identity.

    Example:
        >>> from genera.flows import Chain, Logit, Squeeze
        >>> Chain((1, 28, 28), [Logit, Squeeze, Squeeze]).out_shape
        (16, 7, 7)
    """

    def __init__(self, shape: tuple[int, ...], transforms: Sequence[TransformFactory]) -> None:
        built: list[Transform] = []
        for make in transforms:
            built.append(make(built[-1].out_shape if built else tuple(shape)))
        super().__init__(shape, out_shape=built[-1].out_shape if built else None)
        self.transforms = nn.ModuleList(built)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        if not len(self.transforms):
            return [self.out_shape]
        last = self.transforms[-1]
        assert isinstance(last, Transform)
        return last.latent_shapes

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(len(x))
        for transform in self.transforms:
            x, step_log_det = transform(x, context)
            log_det = log_det + step_log_det
        return x, log_det

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = y.new_zeros(len(y))
        for transform in reversed(self.transforms):
            assert isinstance(transform, Transform)
            y, step_log_det = transform.inverse(y, context)
            log_det = log_det + step_log_det
        return y, log_det


def checked_context(context: Tensor | None, shape: tuple[int, ...], *, needed_by: str) -> Tensor:
    """Return the context if its shape is ``(B, *shape)``; raises ValueError otherwise, or if it is None."""
    if context is None or context.shape[1:] != shape:
        got = "none" if context is None else f"one of shape {tuple(context.shape)}"
        raise ValueError(f"{needed_by} needs a context (B, {', '.join(map(str, shape))}), got {got}")
    return context
