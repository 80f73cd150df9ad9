"""Metrics of the classes that a classifier predicts for samples."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.base import PerImageMetric, check_min_images


class ClassCounts(Metric):
    """Base of metrics of the number of samples of each class.

    Args:
        num_classes: K.
    """

    is_differentiable = False
    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.add_state("counts", default=torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, labels: Tensor) -> None:
        """Add the classes of samples, int64 ``(B,)``.

        Raises:
            ValueError: the labels are not int64 ``(B,)``, or out of range.
        """
        if labels.dtype != torch.int64 or labels.dim() != 1:
            raise ValueError(f"labels must be torch.int64 (B,), got {labels.dtype} {tuple(labels.shape)}")
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
            expected = f"between 0 and {self.num_classes - 1} (num_classes = {self.num_classes})"
            raise ValueError(f"labels must be {expected}, got labels from {int(labels.min())} to {int(labels.max())}")
        self.counts += torch.bincount(labels, minlength=self.num_classes)

    def shares(self) -> Tensor:
        """The share of each class among the samples, float64 ``(K,)``.

        Raises:
            ValueError: no images were added.
        """
        check_min_images(1, int(self.counts.sum()))
        return self.counts.double() / self.counts.sum()


class ModeCoverage(ClassCounts):
    """Number of classes with at least a given share of the samples; higher is better.

    Args:
        num_classes: K.
        share: minimum share of the samples for a class to count.

    Raises:
        ValueError: ``share`` is not in (0, 1].

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks", who count every class
        that appears at all.
    """

    higher_is_better = True

    def __init__(self, num_classes: int, share: float = 0.02, **kwargs: Any) -> None:
        super().__init__(num_classes, **kwargs)
        if not 0 < share <= 1:
            raise ValueError(f"share must be in (0, 1], got {share}")
        self.share = share

    def compute(self) -> Tensor:
        """The number of classes, ``()``.

        Raises:
            ValueError: no images were added.
        """
        # Division instead of multiplication makes 7 of 100 exactly 0.07.
        return (self.shares() >= self.share).sum()


class ClassKl(ClassCounts):
    """``KL(classes of the samples ‖ uniform)`` in nats; lower is better.

    0 if all classes are equally frequent, ``log(num_classes)`` if there is only one class.

    Args:
        num_classes: K.

    Source:
        Metz, Poole, Pfau & Sohl-Dickstein (2017), "Unrolled generative adversarial networks".
    """

    higher_is_better = False

    def compute(self) -> Tensor:
        """The divergence, ``()``.

        Raises:
            ValueError: no images were added.
        """
        shares = self.shares()
        # Rounding could make it negative.
        return (math.log(self.num_classes) + torch.xlogy(shares, shares).sum()).clamp_min(0)


class ClassAgreement(PerImageMetric):
    """Share of samples whose predicted class is the label they are conditional on; higher is better.

    The classifier's own errors lower the value, so compare it with the classifier's accuracy on real images.
    """

    higher_is_better = True

    def update(self, predicted: Tensor, labels: Tensor) -> None:
        """Add predicted classes of samples and the labels they are conditional on, both int64 ``(B,)``.

        Raises:
            ValueError: the shapes differ.
        """
        if predicted.shape != labels.shape:
            shapes = f"{tuple(predicted.shape)} and {tuple(labels.shape)}"
            raise ValueError(f"there must be one predicted class for each label, got {shapes}")
        self.per_image.append((predicted == labels).double())


class Recognition(PerImageMetric):
    """Share of images whose predicted class has a probability of at least a half; higher is better.

    The share is near 1 for real images; lower values mean samples between classes or of no class. A classifier can also
    be confident about unrealistic images: this is not a distance from real images.
    """

    higher_is_better = True

    def update(self, logits: Tensor) -> None:
        """Add a classifier's logits ``(B, K)``.

        Raises:
            ValueError: the logits have the wrong shape.
        """
        if logits.dim() != 2:
            raise ValueError(f"logits must have shape (B, K), got {tuple(logits.shape)}")
        self.per_image.append((logits.softmax(dim=1).amax(dim=1) >= 0.5).double())
