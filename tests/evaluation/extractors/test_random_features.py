"""Features of an untrained network."""

from __future__ import annotations

import torch

from genera.core import ImageSpec
from genera.data import find_dataset
from genera.evaluation.extractors import RandomFeatures


def test_they_depend_on_the_seed_only() -> None:
    torch.manual_seed(0)
    one = RandomFeatures(ImageSpec(3, 9, 7))
    torch.manual_seed(1)
    assert RandomFeatures(ImageSpec(3, 9, 7)).digest == one.digest
    assert RandomFeatures(ImageSpec(3, 9, 7), seed=1).digest != one.digest
    images = torch.randint(256, (4, 3, 9, 7), dtype=torch.uint8)
    assert one(images).shape == (4, 512)
    # Each image independently.
    torch.testing.assert_close(one(images)[1:2], one(images[1:2]))


def test_nearest_neighbours_are_mostly_of_the_same_class() -> None:
    data = find_dataset("digits")().split("test")
    assert data.labels is not None
    features = RandomFeatures(ImageSpec(1, 8, 8, 17))(data.pixels)
    assert not features.requires_grad
    assert features.isfinite().all()
    nearest = torch.cdist(features, features).fill_diagonal_(torch.inf).argmin(dim=1)
    assert (data.labels[nearest] == data.labels).float().mean() > 0.8
