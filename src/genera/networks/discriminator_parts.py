"""Parts that discriminators share: label inputs, and the head from features to logits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from genera.core import at_least_float32

#: Added to a variance, so that its square root has finite derivatives if all images are equal (Karras et al. 2018).
EPSILON = 1e-8


class LabelInput(nn.Module):
    """Checks the labels, and concatenates an embedding of them to the input.

    Args:
        num_classes: 0 for an unconditional discriminator.
        layer: the embedding, ``(B, num_classes) -> (B, C, …)``; if None, the labels are only checked.
    """

    def __init__(self, num_classes: int, layer: nn.Module | None) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.layer = layer

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """``(B, C, …)`` and one-hot ``(B, num_classes)`` to the input with the channels of the embedding appended."""
        self._check(labels)
        return x if self.layer is None else torch.cat([x, self.layer(labels)], dim=1)

    def _check(self, labels: Tensor | None) -> None:
        got = None if labels is None else tuple(labels.shape[1:])
        if got != ((self.num_classes,) if self.num_classes else None):
            takes = f"one-hot labels (B, {self.num_classes})" if self.num_classes else "no labels (num_classes is 0)"
            given = "none" if labels is None else f"labels of shape {tuple(labels.shape)}"
            raise ValueError(f"this discriminator takes {takes}, got {given}")


class LabelPlane(nn.Module):
    """A plane of the size of the image that is a linear function of the label.

    Args:
        num_classes: number of classes.
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
    """The last layer, its logits averaged over positions, with optional minibatch statistics and projection.

    Args:
        num_features: channels of the last hidden layer.
        make_last: factory ``(num_inputs, num_outputs) -> layer`` of the last layer.
        num_classes: number of classes.
        minibatch_std: append the standard deviation over the batch to the features.
        projection: add to the logit the inner product of a label embedding and the features, averaged over positions.

    Raises:
        ValueError: ``projection`` without classes.

    Source:
        Karras, Aila, Laine & Lehtinen (2018), section 3, for ``minibatch_std``; Miyato & Koyama (2018) for
        ``projection``. They sum over positions; here logits are averages, so that the label has the same weight for
        large and small images.
    """

    def __init__(
        self,
        num_features: int,
        make_last: Callable[[int, int], nn.Module],
        *,
        num_classes: int,
        minibatch_std: bool,
        projection: bool,
    ) -> None:
        super().__init__()
        if projection and not num_classes:
            raise ValueError("projection needs labels, got none: set the model's class_conditional")
        num_features += minibatch_std
        self.minibatch_std = minibatch_std
        self.last = make_last(num_features, 1)
        self.embedding = nn.Linear(num_classes, num_features, bias=False) if projection else None
        if self.embedding is not None:
            # The default initialization of a layer from the features to a logit, not of one from the classes.
            nn.init.uniform_(self.embedding.weight, -(num_features**-0.5), num_features**-0.5)

    def forward(self, h: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """``(B, num_features, …)`` to logits ``(B,)`` and the input of the last layer."""
        if self.minibatch_std:
            h = torch.cat([h, mean_batch_std(h).expand(len(h), 1, *h.shape[2:])], dim=1)
        logits = self.last(h).flatten(1).mean(dim=1)
        if self.embedding is not None:
            pooled = h.reshape(*h.shape[:2], -1).mean(dim=2)
            logits = logits + (self.embedding(labels) * pooled).sum(dim=1)
        return logits, h


def mean_batch_std(h: Tensor) -> Tensor:
    """Standard deviation over the batch, averaged over all other dimensions: ``(B, …) -> ()``, 0 if all are equal."""
    variance = at_least_float32(h).var(dim=0, correction=0)
    return (torch.sqrt(variance + EPSILON) - EPSILON**0.5).mean().to(h.dtype)


def apply_spectral_norm(*parts: nn.Module) -> None:
    """Apply spectral normalization to every linear layer and convolution of ``parts``.

    Discriminators exclude their label embedding: with a norm of 1, a plane of many pixels would be close to zero.

    Source:
        Miyato, Kataoka, Koyama & Yoshida (2018).
    """
    for layer in [layer for part in parts for layer in part.modules()]:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            parametrizations.spectral_norm(layer)
