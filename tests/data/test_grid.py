from __future__ import annotations

import numpy as np
import pytest
import torch

from genera.data import memory
from genera.data.grid import MAX_IMAGES, ImageGrid, check_image_count
from genera.data.pictures import image_grid


def images(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(256, (count, *shape), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.parametrize("sizes", [[7], [1, 6], [3, 3, 1], [0, 7]])
@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 4, 4)])
def test_batches_make_the_picture_of_all_of_them(sizes: list[int], shape: tuple[int, int, int]) -> None:
    every = images(7, *shape)
    grid = ImageGrid(7, shape, columns=3)
    for batch in every.split(sizes):
        grid.add(batch)
    assert np.array_equal(grid.picture(), image_grid(every, columns=3))


def test_what_has_not_come_is_grey() -> None:
    grid = ImageGrid(2, (1, 2, 2), columns=2, scale=1, padding=0)
    grid.add(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
    left, right = np.asarray(grid.picture())[:, :2], np.asarray(grid.picture())[:, 2:]
    assert not left.any()
    assert len(np.unique(right)) == 1
    assert 0 < right[0, 0] < 255


def test_images_that_do_not_belong(complains) -> None:
    grid = ImageGrid(2, (1, 2, 3))
    for wrong in (torch.zeros(1, 1, 2, 3), images(1, 1, 3, 2), images(1, 3, 2, 3), images(4, 2, 3)):
        with complains("this grid is of torch.uint8", str(tuple(wrong.shape))):
            grid.add(wrong)
    grid.add(images(1, 1, 2, 3))
    with complains("this grid is of 2 images, got 3"):
        grid.add(images(2, 1, 2, 3))


@pytest.mark.parametrize(("count", "shape"), [(0, (1, 2, 2)), (-1, (1, 2, 2)), (1, (2, 2, 2))])
def test_a_grid_of_nothing(count: int, shape: tuple[int, int, int], complains) -> None:
    with complains("a grid needs at least one image with 1 or 3 channels", f"got {count} of {shape}"):
        ImageGrid(count, shape)


def test_a_picture_too_large_for_memory(complains, monkeypatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    with complains("a picture of 10,000 images would take 2.0 GB of memory, 2 times at once", "ask for fewer images"):
        ImageGrid(10_000, (3, 256, 256))


@pytest.mark.parametrize("count", [0, -1, 2.5, "3", True, MAX_IMAGES + 1, 10**20])
def test_a_picture_shows_so_many_images_and_no_more(count: object, complains) -> None:
    check_image_count(MAX_IMAGES)
    with complains("count must be", str(count)):
        check_image_count(count)
