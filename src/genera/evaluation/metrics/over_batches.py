"""Torchmetrics modules for the functions of this package, for loops over batches, in one process or several.

Options of a function, such as ``levels``, are set with ``functools.partial``. The value is that of all images at once,
however they are divided; with several processes, each must add some images of each set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class MeanOverImages(Metric):
    """The mean of a value per image.

    Args:
        function: maps a batch to values ``(B,)``.

    >>> import torch
    >>> from genera.evaluation.metrics import recognition
    >>> metric = MeanOverImages(recognition)
    >>> for logits in torch.tensor([[[9.0, 0, 0], [1, 1, 1]], [[9, 0, 0], [0, 9, 0]]]):
    ...     metric.update(logits)
    >>> float(metric.compute())
    0.75
    """

    full_state_update = False
    per_image: list[Tensor]

    def __init__(self, function: Callable[..., Tensor], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.add_state("per_image", default=[], dist_reduce_fx="cat")

    def update(self, *batch: Tensor) -> None:
        """Add a batch, the arguments of the function."""
        values = self.function(*batch)
        if values.dim() != 1:
            raise ValueError(f"the function must return one value per image, (B,), got {tuple(values.shape)}")
        self.per_image.append(values)

    def values(self) -> Tensor:
        """The values of all images, ``(N,)``."""
        return _concatenate(self.per_image, "images")

    def compute(self) -> Tensor:
        """The mean, ``()``."""
        return self.values().mean()


class SetMetric(Metric):
    """A function of whole sets of images, which are kept for ``compute``.

    Args:
        function: maps the generated images, or their features or classes, ``(N, …)``, to a value.
        with_real: whether it takes those of real images, ``(M, …)``, as a second argument.

    >>> import torch
    >>> from genera.evaluation.metrics import frechet_distance
    >>> metric = SetMetric(frechet_distance, with_real=True)
    >>> for features in torch.randn(100, 4).split(25):
    ...     metric.update(features, real=True)
    ...     metric.update(features + 1)
    >>> round(float(metric.compute()), 3)
    4.0
    """

    full_state_update = False
    generated: list[Tensor]
    real: list[Tensor]

    def __init__(self, function: Callable[..., Any], *, with_real: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.sets = ("generated", "real") if with_real else ("generated",)
        for name in self.sets:
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, batch: Tensor, *, real: bool = False) -> None:
        """Add a batch ``(B, …)`` of generated or real images."""
        (self.real if real else self.generated).append(batch)

    def compute(self) -> Any:
        """The value of the function."""
        return self.function(*(_concatenate(getattr(self, name), f"{name} images") for name in self.sets))


def _concatenate(batches: list[Tensor], what: str) -> Tensor:
    # With several processes torchmetrics replaces the list by one concatenated tensor.
    if not len(batches) or not len(images := dim_zero_cat(batches)):
        raise ValueError(f"a metric needs at least 1 image, got no {what}: call update before compute")
    return images
