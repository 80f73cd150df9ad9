"""Probes: short looks at generated images while a model trains.

Of several processes one alone looks: its metrics must not wait for the others.
"""

from __future__ import annotations

import torch
from torch import Tensor

from genera.evaluation.classifier import load_classifier
from genera.evaluation.metrics import ClassKl, Dissimilarity, ModeCoverage
from genera.zoo import find_model


class Diversity:
    """How different images are from each other, by the mean of ``1 - SSIM`` over pairs: a mode collapse shows here."""

    def __call__(self, images: Tensor) -> dict[str, float]:
        """Of uint8 ``(N, C, H, W)`` with 256 levels; nothing of a single one."""
        if len(images) < 2:
            return {}
        metric = Dissimilarity(levels=256, sync_on_compute=False)
        metric.update(images)
        return {"diversity": float(metric.compute())}


class ClassCoverage:
    """How many classes a classifier finds among images, and how evenly: classes that are left out show here.

    Args:
        classifier: run directory or name of a trained one, such as lenet-mnist.

    Raises:
        ValueError: it cannot be loaded, or is none.
    """

    def __init__(self, classifier: str) -> None:
        self.classifier = load_classifier(find_model(classifier))
        #: Of the images that it can look at.
        self.num_classes = self.classifier.spec.num_classes

    @torch.no_grad()
    def __call__(self, images: Tensor) -> dict[str, float]:
        """Of uint8 ``(N, C, H, W)`` with 256 levels.

        Raises:
            ValueError: the classifier takes images of another shape.
        """
        spec = self.classifier.spec
        classes = self.classifier.predict((images.float() * ((spec.levels - 1) / 255)).round().to(torch.uint8))
        found = {}
        for name, make in (("modes", ModeCoverage), ("class_kl", ClassKl)):
            metric = make(spec.num_classes, sync_on_compute=False)
            metric.update(classes)
            found[name] = float(metric.compute())
        return found
