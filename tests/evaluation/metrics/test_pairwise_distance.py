"""The mean distance of pairs against scipy."""

from __future__ import annotations

import pytest
import scipy.spatial.distance
import torch
from cases import complains, normal

from genera.evaluation.metrics import pairwise_distance


def test_it_equals_scipys() -> None:
    features = normal(700, 3).float()
    expected = scipy.spatial.distance.pdist(features.numpy()).mean()
    assert float(pairwise_distance(features)) == pytest.approx(expected, rel=1e-9)


def test_equal_images_have_distance_zero() -> None:
    assert float(pairwise_distance(1e4 + normal(1, 3).expand(4, -1))) == 0


def test_it_refuses_invalid_features() -> None:
    with complains("at least 2 images", "got 1 images"):
        pairwise_distance(normal(1, 3))
    with complains("features must have shape (N, F)", "(3,)"):
        pairwise_distance(normal(3))
    for value in (torch.nan, torch.inf):
        with complains("features must be finite"):
            pairwise_distance(torch.tensor([[0.0, value, 1.0], [0, 0, 0]]))
