"""The Fréchet distance between two sets of features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.evaluation.metrics.inputs import exact_features


class FrechetDistance(Metric):
    """Squared Wasserstein distance between Gaussians with the means and covariances of two sets; lower is better.

    ``‖μ_1 - μ_2‖² + tr(Σ_1 + Σ_2 - 2 (Σ_1^½ Σ_2 Σ_1^½)^½)``. It is biased upwards, the more so the fewer the images:
    compare at equal numbers only.

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
        # Of either set: drawn images first, real ones second.
        sums = {"num_images": (2,), "feature_sums": (2, num_features), "product_sums": (2, num_features, num_features)}
        for name, shape in sums.items():
            self.add_state(name, default=torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, features: Tensor, real: bool) -> None:
        """Take in features ``(B, F)`` of images that are real or drawn.

        Raises:
            ValueError: the features have another shape, or are not finite.
        """
        x, side = exact_features(features, self.num_features), int(real)
        self.num_images[side] += len(x)
        self.feature_sums[side] += x.sum(dim=0)
        self.product_sums[side] += x.T @ x

    def compute(self) -> Tensor:
        """The distance, ``()``.

        Raises:
            ValueError: there are fewer than two images on a side.
        """
        if (self.num_images < 2).any():
            drawn, real = self.num_images.int().tolist()
            raise ValueError(
                f"a Fréchet distance needs at least two images on either side, got {drawn} drawn and {real} real ones"
            )
        n = self.num_images[:, None, None]
        means = self.feature_sums[:, :, None] / n
        covariances = (self.product_sums - n * means @ means.mT) / (n - 1)
        root = _square_root(covariances[0])
        # Positive semidefinite, and with the eigenvalues of Σ_1 Σ_2: those below zero are rounding.
        overlaps = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp_min(0).sqrt()
        spread = covariances.diagonal(dim1=1, dim2=2).sum() - 2 * overlaps.sum()
        return ((means[0] - means[1]).square().sum() + spread).clamp_min(0)


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric root of ``(F, F)``."""
    variances, directions = torch.linalg.eigh(covariance)
    return directions * variances.clamp_min(0).sqrt() @ directions.mT
