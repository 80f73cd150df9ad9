"""The contract of invertible transforms."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Transform(nn.Module, ABC):
    """An invertible map from data to latent with a tractable log-determinant.

    Args:
        shape: shape of one input, without the batch.
        out_shape: shape of one output; ``shape`` if omitted.
    """

    #: Channels of the model's context that it takes; 0 if it ignores a context.
    context_channels: int = 0
    #: Whether :meth:`initialize` does anything.
    needs_initialize: bool = False

    def __init__(self, shape: tuple[int, ...], *, out_shape: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.out_shape = self.shape if out_shape is None else tuple(out_shape)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the latents that the output consists of: of a multi-scale flow one per scale, coarsest first."""
        return [self.out_shape]

    def initialize(self, x: Tensor) -> None:
        """Set parameters from data ``(B, *shape)``, once before training."""

    @abstractmethod
    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, *shape) -> (B, *out_shape)`` and ``log |det dy/dx|``, ``(B,)`` nats. Deterministic."""

    @abstractmethod
    def inverse(self, y: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(B, *out_shape) -> (B, *shape)`` and ``log |det dx/dy|``, ``(B,)`` nats."""
