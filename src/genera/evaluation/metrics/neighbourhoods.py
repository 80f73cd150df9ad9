"""Precision, recall, density and coverage: whether two sets lie in each other's neighbourhoods."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from genera.core import check_positive
from genera.evaluation.metrics.inputs import check_features, gathered

#: k, as Naeem et al. (2020) have it.
NUM_NEIGHBOURS = 5
#: Images whose distances to as many others, or to all of the other set, are held at a time.
_AT_ONCE = 1000


class Neighbourhood(NamedTuple):
    """What :class:`Neighbourhoods` finds, each ``()``.

    Args:
        precision: share of draws that lie within the neighbourhood of a real image.
        recall: share of real images that lie within the neighbourhood of a draw.
        density: neighbourhoods of real images that a draw lies in, over the k it would in a set of real ones; can
            exceed 1.
        coverage: share of real images with a draw in their neighbourhood.
    """

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor


class Neighbourhoods(Metric):
    """Precision, recall, density and coverage of draws among real images.

    The neighbourhood of an image is the open ball that reaches to its k-th nearest neighbour in its own set. One real
    image far out has a large one, which precision takes for an invitation, and density does not. All four depend on the
    number of images: compare at equal numbers only.

    Args:
        num_features: F.
        num_neighbours: k.

    Raises:
        ValueError: ``num_neighbours`` is not positive.

    Source:
        Kynkäänniemi et al. (2019) for precision and recall; Naeem et al. (2020) for density, coverage and k = 5.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    drawn: list[Tensor]
    real: list[Tensor]

    def __init__(self, num_features: int, *, num_neighbours: int = NUM_NEIGHBOURS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive(num_neighbours=num_neighbours)
        self.num_features = num_features
        self.num_neighbours = num_neighbours
        for name in ("drawn", "real"):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def update(self, features: Tensor, real: bool) -> None:
        """Take in features ``(B, F)`` of images that are real or drawn.

        Raises:
            ValueError: the features have another shape, or are not finite.
        """
        check_features(features, self.num_features)
        (self.real if real else self.drawn).append(features.float())

    def compute(self) -> Neighbourhood:
        """All four.

        Raises:
            ValueError: there are not more than ``num_neighbours`` images on a side.
        """
        real, drawn = (gathered(side, self.num_features) for side in (self.real, self.drawn))
        if min(len(real), len(drawn)) <= self.num_neighbours:
            raise ValueError(
                f"neighbourhoods of {self.num_neighbours} need more images than that on either side, got "
                f"{len(drawn)} drawn and {len(real)} real ones"
            )
        # Squares of what lies far from zero would cancel.
        center = real.mean(dim=0)
        real, drawn = real - center, drawn - center
        real_radii, generated_radii = (_radii(side, self.num_neighbours) for side in (real, drawn))
        inside = drawn.new_zeros(len(drawn))
        recalled, covered = [], []
        for part, radii in zip(real.split(_AT_ONCE), real_radii.split(_AT_ONCE), strict=True):
            distances = squared_distances(part, drawn)
            is_inside = distances < radii[:, None]
            # In the wide integers of the default it takes as long as a third of the products.
            inside += is_inside.sum(dim=0, dtype=torch.int16)
            covered.append(is_inside.any(dim=1))
            recalled.append((distances < generated_radii).any(dim=1))
        return Neighbourhood(
            precision=(inside > 0).double().mean(),
            recall=torch.cat(recalled).double().mean(),
            density=inside.double().mean() / self.num_neighbours,
            coverage=torch.cat(covered).double().mean(),
        )


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """``‖x_i - y_j‖²`` of ``(N, F)`` and ``(M, F)``: ``(N, M)``, by inner products; both had best lie around zero."""
    squares = x.square().sum(dim=1, keepdim=True) + y.square().sum(dim=1)
    return torch.addmm(squares, x, y.T, alpha=-2).clamp_min_(0)


def _radii(x: Tensor, num_neighbours: int) -> Tensor:
    """The squared distance of every row of ``(N, F)`` to its k-th nearest among the others: ``(N,)``."""
    # The nearest of all is the row itself.
    parts = x.split(_AT_ONCE)
    nearest = [part.new_full((len(part), num_neighbours + 1), torch.inf) for part in parts]
    # Those of two images are the same either way, so every pair of parts is looked at once.
    for here, there in combinations_with_replacement(range(len(parts)), 2):
        distances = squared_distances(parts[here], parts[there])
        nearest[here] = _smallest(nearest[here], distances)
        if here != there:
            nearest[there] = _smallest(nearest[there], distances.T)
    return torch.cat(nearest)[:, -1]


def _smallest(nearest: Tensor, distances: Tensor) -> Tensor:
    """The K smallest distances in each row of ``(N, K)`` and ``(N, M)`` together: ``(N, K)``."""
    # For a few of many, topk is an order of magnitude faster than kthvalue.
    return torch.cat([nearest, distances], dim=1).topk(nearest.shape[1], largest=False).values
