"""Precision, recall, density and coverage, from the nearest neighbours of two sets."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import NamedTuple

import torch
from torch import Tensor

from genera.core import check_positive
from genera.evaluation.metrics.checks import check_features

#: k, as in Naeem et al. (2020).
NUM_NEIGHBOURS = 5
#: Rows of a distance matrix computed at a time.
_CHUNK_SIZE = 1000


class Neighbourhoods(NamedTuple):
    """The result of :func:`neighbourhoods`, each value float64 ``()``.

    Args:
        precision: share of generated images in the neighbourhood of a real image.
        recall: share of real images in the neighbourhood of a generated image.
        density: mean number of real images whose neighbourhood contains a generated image, divided by k; can exceed 1.
        coverage: share of real images with a generated image in their neighbourhood.
    """

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor


def neighbourhoods(
    generated: Tensor, real: Tensor, *, num_neighbours: int = NUM_NEIGHBOURS, real_radii: Tensor | None = None
) -> Neighbourhoods:
    """Precision, recall, density and coverage of generated images; higher is better.

    The neighbourhood of an image is the open ball up to its k-th nearest neighbour in its own set. Outliers among real
    images have large neighbourhoods, which raise precision but hardly density. All four depend on the number of images:
    compare only values at equal numbers.

    Args:
        generated: features ``(N, F)``.
        real: features ``(M, F)``.
        num_neighbours: k.
        real_radii: :func:`squared_radii` of ``real``, if they are known.

    Raises:
        ValueError: ``num_neighbours`` is not positive; or a set has no more images than that, a wrong shape, or values
            that are not finite.

    Source:
        Kynkäänniemi et al. (2019) for precision and recall; Naeem et al. (2020) for density, coverage and k = 5.
    """
    check_positive(num_neighbours=num_neighbours)
    check_features(num_neighbours + 1, generated=generated, real=real)
    generated_radii = squared_radii(generated, num_neighbours)
    if real_radii is None:
        real_radii = squared_radii(real, num_neighbours)
    center = real.float().mean(dim=0)
    generated, real = generated.float() - center, real.float() - center
    num_containing = generated.new_zeros(len(generated))
    recalled, covered = [], []
    for part, radii in zip(real.split(_CHUNK_SIZE), real_radii.split(_CHUNK_SIZE), strict=True):
        distances = squared_distances(part, generated)
        is_inside = distances < radii[:, None]
        # The default int64 is much slower.
        num_containing += is_inside.sum(dim=0, dtype=torch.int16)
        covered.append(is_inside.any(dim=1))
        recalled.append((distances < generated_radii).any(dim=1))
    return Neighbourhoods(
        precision=(num_containing > 0).double().mean(),
        recall=torch.cat(recalled).double().mean(),
        density=num_containing.double().mean() / num_neighbours,
        coverage=torch.cat(covered).double().mean(),
    )


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """``‖x_i - y_j‖²`` of ``(N, F)`` and ``(M, F)``: ``(N, M)``, by inner products, most precise near zero."""
    squares = x.square().sum(dim=1, keepdim=True) + y.square().sum(dim=1)
    return torch.addmm(squares, x, y.T, alpha=-2).clamp_min_(0)


def squared_radii(features: Tensor, num_neighbours: int = NUM_NEIGHBOURS) -> Tensor:
    """Squared distance of each row of ``(N, F)`` to its k-th nearest other row, float32 ``(N,)``."""
    x = features.float()
    # Far from zero, differences of squares lose precision.
    parts = (x - x.mean(dim=0)).split(_CHUNK_SIZE)
    # The nearest row is the row itself.
    nearest = [part.new_full((len(part), num_neighbours + 1), torch.inf) for part in parts]
    # Distances are symmetric, so each pair of parts is computed once.
    for first, second in combinations_with_replacement(range(len(parts)), 2):
        distances = squared_distances(parts[first], parts[second])
        for index, added in {second: distances.T, first: distances}.items():
            # For few neighbours, topk is an order of magnitude faster than kthvalue.
            nearest[index] = torch.cat([nearest[index], added], dim=1).topk(num_neighbours + 1, largest=False).values
    return torch.cat(nearest)[:, -1]
