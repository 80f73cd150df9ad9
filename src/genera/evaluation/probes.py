"""Probes: quick metrics of generated images during training."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import rescale_levels
from genera.evaluation.extractors import load_classifier
from genera.evaluation.metrics import class_kl, dissimilarity, mode_coverage
from genera.zoo import find_model


class Diversity:
    """Diversity of images: the mean of ``1 - SSIM`` over pairs, which a mode collapse lowers."""

    def __call__(self, images: Tensor) -> dict[str, float]:
        """uint8 ``(N, C, H, W)`` with 256 levels to values by name; none for a single image."""
        if len(images) < 2:
            return {}
        return {"diversity": float(dissimilarity(images, levels=256))}


class ClassCoverage:
    """Number of classes that a classifier predicts among images, and their KL divergence from uniform.

    Args:
        classifier: run directory or name of a trained classifier, such as lenet-mnist.

    Raises:
        ValueError: it cannot be loaded, or is not a classifier.
    """

    def __init__(self, classifier: str) -> None:
        self.classifier = load_classifier(find_model(classifier))
        #: Number of classes of the classifier.
        self.num_classes = self.classifier.spec.num_classes

    @torch.no_grad()
    def __call__(self, images: Tensor) -> dict[str, float]:
        """uint8 ``(N, C, H, W)`` with 256 levels to values by name.

        Raises:
            ValueError: the images do not have the shape that the classifier takes.
        """
        spec = self.classifier.spec
        classes = self.classifier.predict(rescale_levels(images, 256, to=spec.levels))
        metrics = {"modes": mode_coverage, "class_kl": class_kl}
        return {name: float(metric(classes, spec.num_classes)) for name, metric in metrics.items()}
