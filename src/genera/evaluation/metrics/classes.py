"""Metrics of the classes that a classifier predicts for samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mode_coverage(classes: Tensor, num_classes: int, *, share: float = 0.02) -> Tensor:
    """Number of classes with at least a given share of the samples, int64 ``()``; higher is better.

    Args:
        classes: of samples, int64 ``(N,)``.
        num_classes: K.
        share: minimum share of the samples for a class to count.

    Raises:
        ValueError: ``share`` is not in (0, 1], there are no samples, or their classes have a wrong type or range.

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks", who count every class
        that appears at all.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share}")
    # Division instead of multiplication makes 7 of 100 exactly 0.07.
    return (_shares(classes, num_classes) >= share).sum()


def class_kl(classes: Tensor, num_classes: int) -> Tensor:
    """``KL(classes of the samples ‖ uniform)`` in nats, float64 ``()``; lower is better.

    0 if all classes are equally frequent, ``log(num_classes)`` if there is only one class. Arguments and errors are
    those of :func:`mode_coverage`.

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks".
    """
    shares = _shares(classes, num_classes)
    # Rounding could make it negative.
    return (math.log(num_classes) + torch.xlogy(shares, shares).sum()).clamp_min(0)


def recognition(logits: Tensor) -> Tensor:
    """Whether the predicted class of each image has a probability of at least a half: 0 or 1, float64 ``(N,)``.

    The mean is near 1 for real images; lower values mean samples between classes or of no class. A classifier can also
    be confident about unrealistic images: this is not a distance from real images.

    Args:
        logits: of a classifier, ``(N, K)``.

    Raises:
        ValueError: the logits have the wrong shape.
    """
    if logits.dim() != 2:
        raise ValueError(f"logits must have shape (N, K), got {tuple(logits.shape)}")
    return (logits.softmax(dim=1).amax(dim=1) >= 0.5).double()


def _shares(classes: Tensor, num_classes: int) -> Tensor:
    """The share of each class among the samples, float64 ``(K,)``."""
    if classes.dtype != torch.int64 or classes.dim() != 1 or not len(classes):
        expected = "torch.int64 (N,) of at least 1 image"
        raise ValueError(f"classes must be {expected}, got {classes.dtype} {tuple(classes.shape)}")
    if not 0 <= int(classes.min()) <= int(classes.max()) < num_classes:
        expected = f"between 0 and {num_classes - 1} (num_classes = {num_classes})"
        raise ValueError(f"classes must be {expected}, got classes from {int(classes.min())} to {int(classes.max())}")
    return classes.bincount(minlength=num_classes).double() / len(classes)
