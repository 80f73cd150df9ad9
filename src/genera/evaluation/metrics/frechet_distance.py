"""The Fréchet distance between two sets of features."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.evaluation.metrics.checks import check_features


def frechet_distance(generated: Tensor, real: Tensor) -> Tensor:
    """Squared Wasserstein distance between Gaussians with the means and covariances of two sets; lower is better.

    ``‖μ_1 - μ_2‖² + tr(Σ_1 + Σ_2 - 2 (Σ_1^½ Σ_2 Σ_1^½)^½)``. It has a positive bias that grows as the number of
    images falls: compare only values at equal numbers of images. float64 ``()``.

    Args:
        generated: features ``(N, F)``.
        real: features ``(M, F)``.

    Raises:
        ValueError: a set has fewer than two images, a wrong shape, or values that are not finite.

    Source:
        Dowson & Landau (1982); Heusel et al. (2017) for images.
    """
    check_features(2, generated=generated, real=real)
    # In float64, as differences of moments lose digits.
    x, y = generated.double(), real.double()
    covariance, real_covariance = x.T.cov(), y.T.cov()
    variances, directions = torch.linalg.eigh(covariance)
    root = directions * variances.clamp_min(0).sqrt() @ directions.mT
    # Positive semidefinite with the eigenvalues of Σ_1 Σ_2; negative ones are rounding errors.
    overlaps = torch.linalg.eigvalsh(root @ real_covariance @ root).clamp_min(0).sqrt()
    spread = covariance.trace() + real_covariance.trace() - 2 * overlaps.sum()
    return ((x.mean(dim=0) - y.mean(dim=0)).square().sum() + spread).clamp_min(0)
