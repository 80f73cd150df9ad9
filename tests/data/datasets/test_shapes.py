from __future__ import annotations

import numpy as np
import pytest
import torch

from genera.data import find_dataset
from genera.data.datasets.shapes import FACTORS, NUM_IMAGES, factors_of, index_of, indices_of_split, render


def test_factors_and_indices_round_trip():
    index = torch.arange(NUM_IMAGES)
    factors = factors_of(index)
    assert torch.equal(index_of(factors), index)
    assert (factors.amax(0) + 1).tolist() == list(FACTORS.values())
    assert factors.amin(0).tolist() == [0] * 5
    assert len(factors.unique(dim=0)) == NUM_IMAGES


@pytest.mark.parametrize("size", [32, 64])
def test_every_image_is_binary_complete_and_unique(size):
    images = render(factors_of(torch.arange(NUM_IMAGES)), size=size)
    assert images.shape == (NUM_IMAGES, 1, size, size)
    assert images.dtype == torch.uint8
    assert images.max() == 1
    packed = np.packbits(images.flatten(1).numpy(), axis=1)
    assert len(np.unique(packed.view(f"V{packed.shape[1]}"))) == NUM_IMAGES
    # A sprite cropped by the border would have fewer pixels there than at other positions.
    pixels = images.flatten(1).sum(1).view(-1, FACTORS["x"] * FACTORS["y"])
    assert torch.equal(pixels.amin(1), pixels.amax(1))


def test_the_directions_of_x_y_and_scale():
    first = torch.tensor([[2, 1, 3, 0, 0]])
    for column, direction in ((3, (0, 1)), (4, (1, 0))):
        moved = first.clone()
        moved[0, column] = 5
        shift = [2 * 5 * step for step in direction]
        assert torch.equal(render(moved)[0, 0], render(first)[0, 0].roll(shift, (0, 1)))
    areas = [render(torch.tensor([[1, scale, 0, 3, 3]])).sum().item() for scale in range(4)]
    assert areas == sorted(set(areas))


def test_three_orientations_are_a_rotation_by_90_degrees():
    """It is exact on a square grid."""
    upright, turned = (render(torch.tensor([[0, 3, orientation, 7, 7]]))[0, 0] for orientation in (0, 3))
    window = slice(7 * 2, 7 * 2 + 34)
    assert upright[window, window].sum() == upright.sum()
    assert torch.equal(turned[window, window], torch.rot90(upright[window, window], -1, (0, 1)))


def test_splits_are_disjoint_and_their_factors_are_known():
    data = find_dataset("shapes")(size=32)
    assert (data.spec.shape, data.spec.levels, data.spec.num_classes) == ((1, 32, 32), 2, 3)
    indices = {name: indices_of_split(name) for name in ("train", "validation", "test")}
    assert [len(index) for index in indices.values()] == [29_490, 3_687, 3_687]
    assert torch.equal(torch.cat(list(indices.values())).sort().values, torch.arange(NUM_IMAGES))
    test, factors = data.split("test"), factors_of(indices["test"])
    assert torch.equal(test.labels, factors[:, 0])
    assert torch.equal(test.pixels, render(factors, size=32))
    assert test.labels.bincount().tolist() == [1_229] * 3


def test_another_size_is_refused(complains):
    with complains("32 or 64, got 28"):
        find_dataset("shapes")(size=28)
    with complains("a size of 32 or 64", "28"):
        render(torch.zeros(1, 5, dtype=torch.int64), size=28)


def test_factors_out_of_range_are_refused(complains):
    with complains("factors must be between", "(3, 0, 0, 0, 0)"):
        render(torch.tensor([[3, 0, 0, 0, 0]]))
    with complains("factors must be between", "(0, -1, 0, 0, 0)"):
        render(torch.tensor([[0, -1, 0, 0, 0]]))
