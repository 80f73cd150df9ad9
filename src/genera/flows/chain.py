"""One transform after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from genera.core import Transform

#: Makes a transform for inputs of a shape, so that a recipe need not know the sizes.
TransformFactory = Callable[[tuple[int, ...]], Transform]
#: The same for one with a context: the second argument is its number of channels.
ContextTransformFactory = Callable[[tuple[int, ...], int], Transform]


def with_context_channels(make: ContextTransformFactory, context_channels: int) -> TransformFactory:
    """The factory of a transform that has a context, as one that :class:`Chain` takes."""
    return lambda shape: make(shape, context_channels)


#: Steps that a flow of one kind of step may have; what is made of each is kept in a list before any of it is made.
MAX_STEPS = 1000


def check_steps(count: int) -> None:
    """Refuse a number of steps below 1, or above what any flow has.

    Raises:
        ValueError: it is.
    """
    if not 1 <= count <= MAX_STEPS:
        raise ValueError(f"count must be at least 1 and at most {MAX_STEPS}, got {count}")


class Chain(Transform):
    """The composition of transforms, first to last; each is made for the shape the one before it gives.

    Args:
        shape: of one input, without the batch.
        transforms: factories ``shape -> Transform``. None at all give the identity.

    Example:
        >>> from genera.flows import Chain, Logit, Squeeze
        >>> Chain((1, 28, 28), [Logit, Squeeze, Squeeze]).out_shape
        (16, 7, 7)
    """

    def __init__(self, shape: tuple[int, ...], transforms: Sequence[TransformFactory]) -> None:
        made: list[Transform] = []
        for make in transforms:
            made.append(make(made[-1].out_shape if made else tuple(shape)))
        super().__init__(shape, out_shape=made[-1].out_shape if made else None)
        self.transforms = nn.ModuleList(made)

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = x.new_zeros(len(x))
        for transform in self.transforms:
            x, log_det_here = transform(x, context)
            log_det = log_det + log_det_here
        return x, log_det

    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        log_det = y.new_zeros(len(y))
        for transform in reversed(self.transforms):
            assert isinstance(transform, Transform)
            y, log_det_here = transform.inverse(y, context)
            log_det = log_det + log_det_here
        return y, log_det


def checked_context(context: Tensor | None, shape: tuple[int, ...], *, needed_by: str) -> Tensor:
    """The context, if it is one of ``(B, *shape)``.

    Raises:
        ValueError: there is none, or one of another shape.
    """
    if context is None or context.shape[1:] != shape:
        got = "none" if context is None else f"one of shape {tuple(context.shape)}"
        raise ValueError(f"{needed_by} needs a context (B, {', '.join(map(str, shape))}), got {got}")
    return context
