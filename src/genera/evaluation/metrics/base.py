"""Base classes of metrics, and checks of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class PerImageMetric(Metric):
    """The mean of a value per image. ``update`` of a subclass appends the values ``(B,)`` to ``per_image``."""

    is_differentiable = False
    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def values(self) -> Tensor:
        """``(N,)``, one value per image.

        Raises:
            ValueError: not enough images were added.
        """
        return concatenate(self.per_image, minimum=1)

    def compute(self) -> Tensor:
        """The mean, ``()``.

        Raises:
            ValueError: not enough images were added.
        """
        return self.values().mean()


class TwoSetMetric(Metric):
    """Comparison of the features of generated and real images, which are kept for ``compute``.

    Args:
        num_features: F.
    """

    is_differentiable = False
    full_state_update = False
    generated: list[Tensor]
    real: list[Tensor]

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_features = num_features
        for name in ("generated", "real"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, features: Tensor, real: bool) -> None:
        """Add features ``(B, F)`` of real or generated images.

        Raises:
            ValueError: the features have the wrong shape or are not finite.
        """
        check_features(features, self.num_features)
        (self.real if real else self.generated).append(features)

    def sets(self) -> tuple[Tensor, Tensor]:
        """Features of the generated and of the real images, ``(N, F)`` and ``(M, F)``."""
        return concatenate(self.generated), concatenate(self.real)


def compare_sets(make: Callable[[int], Metric], generated: Tensor, real: Tensor) -> Any:
    """The value of a metric of the features of two sets.

    Args:
        make: creates the metric for a number of features.
        generated: ``(N, F)``.
        real: ``(M, F)``, on the same device.
    """
    metric = make(real.shape[1]).to(real.device)
    metric.update(generated, real=False)
    metric.update(real, real=True)
    return metric.compute()


def check_features(features: Tensor, num_features: int) -> None:
    """Check the shape ``(B, F)`` of features and that they are finite.

    Raises:
        ValueError: the features have the wrong shape or are not finite.
    """
    if features.dim() != 2 or features.shape[1] != num_features:
        raise ValueError(f"features must have shape (B, {num_features}), got {tuple(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features must be finite, got inf or NaN: check the weights of the network")


def check_min_images(minimum: int, count: int) -> None:
    """Check that a metric has enough images.

    Raises:
        ValueError: ``count`` is below ``minimum``.
    """
    if count < minimum:
        raise ValueError(f"this metric needs at least {minimum} image{'s' * (minimum > 1)}, got {count}")


def concatenate(state: list[Tensor], *, minimum: int = 0) -> Tensor:
    """Concatenate the state of a metric over batches to ``(N, …)``.

    Raises:
        ValueError: there are fewer than ``minimum`` images.
    """
    # With several processes torchmetrics replaces the list by one concatenated tensor.
    result = dim_zero_cat(state) if len(state) else torch.zeros(0)
    check_min_images(minimum, len(result))
    return result
