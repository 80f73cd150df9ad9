"""Parts that discriminators share: the head from features to logits, and spectral normalization."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from genera.core import at_least_float32

#: Added to a variance, so that its square root has finite derivatives if all images are equal (Karras et al. 2018).
EPSILON = 1e-8


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
        num_classes: int,
        *,
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
