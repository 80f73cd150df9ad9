"""What the critics have in common: how labels enter, and the way from features to logits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from genera.core import at_least_float32

#: Added to a variance, so that its square root has finite derivatives where all images agree (Karras et al. 2018).
EPSILON = 1e-8


class LabelInput(nn.Module):
    """Concatenates to the input what a layer makes of the labels, and refuses labels that do not fit.

    Args:
        num_classes: 0 for a critic without labels.
        layer: ``(B, num_classes) -> (B, C, …)``; without one the labels are only checked.
    """

    def __init__(self, num_classes: int, layer: nn.Module | None) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.layer = layer

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """``(B, C, …)`` and one-hot ``(B, num_classes)`` to more channels of the same."""
        self._check(labels)
        return x if self.layer is None else torch.cat([x, self.layer(labels)], dim=1)

    def _check(self, labels: Tensor | None) -> None:
        got = None if labels is None else tuple(labels.shape[1:])
        if got != ((self.num_classes,) if self.num_classes else None):
            takes = f"one-hot labels (B, {self.num_classes})" if self.num_classes else "no labels (num_classes is 0)"
            given = "none" if labels is None else f"labels of shape {tuple(labels.shape)}"
            raise ValueError(f"this critic takes {takes}, got {given}")


class LabelPlane(nn.Module):
    """A plane as large as the image, linear in the label.

    Args:
        num_classes: of the labels.
        size: height and width.
    """

    def __init__(self, num_classes: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.linear = nn.Linear(num_classes, size[0] * size[1])

    def forward(self, labels: Tensor) -> Tensor:
        """One-hot ``(B, num_classes) -> (B, 1, H, W)``."""
        return self.linear(labels).unflatten(1, (1, *self.size))


class DiscriminatorHead(nn.Module):
    """The last layer, its logits averaged over the image, with what may stand around it.

    Args:
        num_features: channels of the last hidden layer.
        last: makes a layer for a number of inputs and one of outputs.
        num_classes: of the labels.
        minibatch_std: append to the features how much they differ within the batch.
        projection: add to the logit the inner product of a vector of the label's and the features, averaged over the
            positions.

    Raises:
        ValueError: ``projection`` without classes.

    Source:
        Karras, Aila, Laine & Lehtinen (2018), section 3, for ``minibatch_std``; Miyato & Koyama (2018) for
        ``projection``, who sum over the positions: the logits here are averages, and the label is to weigh as much
        for large images as for small ones.
    """

    def __init__(
        self,
        num_features: int,
        last: Callable[[int, int], nn.Module],
        *,
        num_classes: int,
        minibatch_std: bool,
        projection: bool,
    ) -> None:
        super().__init__()
        if projection and not num_classes:
            raise ValueError("projection needs labels, got none: let the model be class_conditional")
        num_features += minibatch_std
        self.minibatch_std = minibatch_std
        self.last = last(num_features, 1)
        self.embedding = nn.Linear(num_classes, num_features, bias=False) if projection else None
        if self.embedding is not None:
            # As a layer from the features to a logit would start, and not as one from a few classes.
            nn.init.uniform_(self.embedding.weight, -(num_features**-0.5), num_features**-0.5)

    def forward(self, h: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """``(B, num_features, …)`` to logits ``(B,)`` and what they were made from."""
        if self.minibatch_std:
            h = torch.cat([h, spread(h).expand(len(h), 1, *h.shape[2:])], dim=1)
        logits = self.last(h).flatten(1).mean(dim=1)
        if self.embedding is not None:
            pooled = h.reshape(*h.shape[:2], -1).mean(dim=2)
            logits = logits + (self.embedding(labels) * pooled).sum(dim=1)
        return logits, h


def spread(h: Tensor) -> Tensor:
    """Standard deviation over the batch, averaged over everything else: ``(B, …) -> ()``, 0 where all are the same."""
    variance = at_least_float32(h).var(dim=0, correction=0)
    return (torch.sqrt(variance + EPSILON) - EPSILON**0.5).mean().to(h.dtype)


def normalize_spectrally(*parts: nn.Module) -> None:
    """Divide the weight of every linear layer and convolution in them by its largest singular value, from now on.

    Critics leave out what draws their labels: with a norm of one, a plane of many pixels would be next to nothing.

    Source:
        Miyato, Kataoka, Koyama & Yoshida (2018).
    """
    for layer in [layer for part in parts for layer in part.modules()]:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            parametrizations.spectral_norm(layer)
