"""Precision, recall, density and coverage, from the nearest neighbours of two sets."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import torch
from torch import Tensor

from genera.core import check_positive
from genera.evaluation.metrics.base import TwoSetMetric

#: k, as in Naeem et al. (2020).
NUM_NEIGHBOURS = 5
#: Rows of a distance matrix computed at a time.
_CHUNK_SIZE = 1000


class Neighbourhood(NamedTuple):
    """The result of :class:`Neighbourhoods`, each value ``()``.

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


class Neighbourhoods(TwoSetMetric):
    """Precision, recall, density and coverage of generated images.

    The neighbourhood of an image is the open ball up to its k-th nearest neighbour in its own set. Outliers among real
    images have large neighbourhoods, which raise precision but hardly density. All four depend on the number of images:
    compare only values at equal numbers.

    Args:
        num_features: F.
        num_neighbours: k.

    Raises:
        ValueError: ``num_neighbours`` is not positive.

    Source:
        Kynkäänniemi et al. (2019) for precision and recall; Naeem et al. (2020) for density, coverage and k = 5.
    """

    higher_is_better = True

    def __init__(self, num_features: int, *, num_neighbours: int = NUM_NEIGHBOURS, **kwargs: Any) -> None:
        super().__init__(num_features, **kwargs)
        check_positive(num_neighbours=num_neighbours)
        self.num_neighbours = num_neighbours

    def compute(self) -> Neighbourhood:
        """All four values.

        Raises:
            ValueError: one of the sets has no more than ``num_neighbours`` images.
        """
        generated, real = (features.float() for features in self.sets())
        if min(len(real), len(generated)) <= self.num_neighbours:
            raise ValueError(
                f"neighbourhoods of {self.num_neighbours} images need more images than that in each set, got "
                f"{len(generated)} generated and {len(real)} real"
            )
        # Far from zero, differences of squares lose precision.
        center = real.mean(dim=0)
        real, generated = real - center, generated - center
        real_radii, generated_radii = (_squared_radii(x, self.num_neighbours) for x in (real, generated))
        num_containing = generated.new_zeros(len(generated))
        recalled, covered = [], []
        for part, radii in zip(real.split(_CHUNK_SIZE), real_radii.split(_CHUNK_SIZE), strict=True):
            distances = squared_distances(part, generated)
            is_inside = distances < radii[:, None]
            # The default int64 is much slower.
            num_containing += is_inside.sum(dim=0, dtype=torch.int16)
            covered.append(is_inside.any(dim=1))
            recalled.append((distances < generated_radii).any(dim=1))
        return Neighbourhood(
            precision=(num_containing > 0).double().mean(),
            recall=torch.cat(recalled).double().mean(),
            density=num_containing.double().mean() / self.num_neighbours,
            coverage=torch.cat(covered).double().mean(),
        )


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """``‖x_i - y_j‖²`` of ``(N, F)`` and ``(M, F)``: ``(N, M)``, by inner products, most precise near zero."""
    squares = x.square().sum(dim=1, keepdim=True) + y.square().sum(dim=1)
    return torch.addmm(squares, x, y.T, alpha=-2).clamp_min_(0)


def _squared_radii(x: Tensor, num_neighbours: int) -> Tensor:
    """Squared distance of each row of ``(N, F)`` to its k-th nearest other row, ``(N,)``."""
    # The nearest row is the row itself.
    parts = x.split(_CHUNK_SIZE)
    nearest = [part.new_full((len(part), num_neighbours + 1), torch.inf) for part in parts]
    # Distances are symmetric, so each pair of parts is computed once.
    for first, second in combinations_with_replacement(range(len(parts)), 2):
        distances = squared_distances(parts[first], parts[second])
        nearest[first] = _smallest(nearest[first], distances)
        if first != second:
            nearest[second] = _smallest(nearest[second], distances.T)
    return torch.cat(nearest)[:, -1]


def _smallest(nearest: Tensor, distances: Tensor) -> Tensor:
    """The K smallest distances in each row of ``(N, K)`` and ``(N, M)`` together: ``(N, K)``."""
    # For small K, topk is an order of magnitude faster than kthvalue.
    return torch.cat([nearest, distances], dim=1).topk(nearest.shape[1], largest=False).values
