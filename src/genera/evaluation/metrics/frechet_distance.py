"""The Fréchet distance between two sets of features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.base import check_features


class FrechetDistance(Metric):
    """Squared Wasserstein distance between Gaussians with the means and covariances of two sets; lower is better.

    ``‖μ_1 - μ_2‖² + tr(Σ_1 + Σ_2 - 2 (Σ_1^½ Σ_2 Σ_1^½)^½)``. It has a positive bias that grows as the number of
    images falls: compare only values at equal numbers of images.

    Args:
        num_features: F.

    Source:
        Dowson & Landau (1982); Heusel et al. (2017) for images.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    num_images: Tensor
    feature_sums: Tensor
    product_sums: Tensor

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_features = num_features
        # The first dimension is the set: generated images, then real ones.
        sums = {"num_images": (2,), "feature_sums": (2, num_features), "product_sums": (2, num_features, num_features)}
        for name, shape in sums.items():
            self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, features: Tensor, real: bool) -> None:
        """Add features ``(B, F)`` of real or generated images.

        Raises:
            ValueError: the features have the wrong shape or are not finite.
        """
        check_features(features, self.num_features)
        # In float64, as differences of sums of squares lose digits.
        x, index = features.double(), int(real)
        self.num_images[index] += len(x)
        self.feature_sums[index] += x.sum(dim=0)
        self.product_sums[index] += x.T @ x

    def compute(self) -> Tensor:
        """The distance, ``()``.

        Raises:
            ValueError: one of the sets has fewer than two images.
        """
        if (self.num_images < 2).any():
            generated, real = self.num_images.int().tolist()
            raise ValueError(
                f"a Fréchet distance needs at least two images in each set, got {generated} generated and {real} real"
            )
        n = self.num_images[:, None, None]
        means = self.feature_sums[:, :, None] / n
        covariances = (self.product_sums - n * means @ means.mT) / (n - 1)
        root = _square_root(covariances[0])
        # Positive semidefinite with the eigenvalues of Σ_1 Σ_2; negative ones are rounding errors.
        overlaps = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp_min(0).sqrt()
        spread = covariances.diagonal(dim1=1, dim2=2).sum() - 2 * overlaps.sum()
        return ((means[0] - means[1]).square().sum() + spread).clamp_min(0)


def _square_root(covariance: Tensor) -> Tensor:
    """Symmetric square root of ``(F, F)``."""
    variances, directions = torch.linalg.eigh(covariance)
    return directions * variances.clamp_min(0).sqrt() @ directions.mT
