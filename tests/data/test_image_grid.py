from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from genera.data import memory
from genera.data.image_grid import MAX_IMAGES, ImageGrid, check_image_count, image_grid, pair_grid, save_picture


def images(count: int, *shape: int) -> torch.Tensor:
    return torch.randint(256, (count, *shape), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.parametrize("sizes", [[7], [1, 6], [3, 3, 1], [0, 7]])
@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 4, 4)])
def test_adding_batches_gives_the_picture_of_all_images(sizes: list[int], shape: tuple[int, int, int]) -> None:
    all_images = images(7, *shape)
    grid = ImageGrid(7, shape, columns=3)
    for batch in all_images.split(sizes):
        grid.add(batch)
    assert np.array_equal(grid.picture(), image_grid(all_images, columns=3))


def test_missing_images_are_grey() -> None:
    grid = ImageGrid(2, (1, 2, 2), columns=2, scale=1, padding=0)
    grid.add(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
    left, right = np.asarray(grid.picture())[:, :2], np.asarray(grid.picture())[:, 2:]
    assert not left.any()
    assert len(np.unique(right)) == 1
    assert 0 < right[0, 0] < 255


def test_images_of_another_shape_and_too_many_images_are_refused(complains) -> None:
    grid = ImageGrid(2, (1, 2, 3))
    for wrong in (torch.zeros(1, 1, 2, 3), images(1, 1, 3, 2), images(1, 3, 2, 3), images(4, 2, 3)):
        with complains("this grid takes torch.uint8", str(tuple(wrong.shape))):
            grid.add(wrong)
    grid.add(images(1, 1, 2, 3))
    with complains("this grid takes 2 images, got 3"):
        grid.add(images(2, 1, 2, 3))


@pytest.mark.parametrize(("count", "shape"), [(0, (1, 2, 2)), (-1, (1, 2, 2)), (1, (2, 2, 2))])
def test_a_grid_needs_an_image_with_1_or_3_channels(count: int, shape: tuple[int, int, int], complains) -> None:
    with complains("a grid needs at least one image with 1 or 3 channels", f"got {count} of {shape}"):
        ImageGrid(count, shape)


def test_a_picture_too_large_for_memory_is_refused(complains, monkeypatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    with complains("a picture of 10,000 images would take 2.0 GB of memory for each of 2 copies", "use fewer images"):
        ImageGrid(10_000, (3, 256, 256))


@pytest.mark.parametrize("count", [0, -1, 2.5, "3", True, MAX_IMAGES + 1, 10**20])
def test_the_number_of_images_in_a_picture_is_limited(count: object, complains) -> None:
    check_image_count(MAX_IMAGES)
    with complains("count must be", str(count)):
        check_image_count(count)


def test_images_in_a_grid_are_rescaled_and_enlarged():
    images = torch.arange(5).view(5, 1, 1, 1).expand(5, 1, 2, 2).to(torch.uint8)
    grid = np.asarray(image_grid(images, columns=3, levels=5, scale=3, padding=1))
    assert grid.shape == (2 * 8, 3 * 8)
    tiles = grid.reshape(2, 8, 3, 8).transpose(0, 2, 1, 3).reshape(6, 8, 8)
    assert [np.unique(tile[1:-1, 1:-1]).tolist() for tile in tiles[:5]] == [[0], [64], [128], [191], [255]]
    assert len({*np.unique(tiles[5]), *tiles[:, 0].flat, *tiles[:, :, -1].flat}) == 1
    assert 0 < grid[0, 0] < 255


def test_a_grid_in_colour():
    images = torch.tensor([[10, 20, 30], [40, 50, 60]], dtype=torch.uint8).view(2, 3, 1, 1)
    grid = image_grid(images, columns=2, scale=1, padding=0)
    assert grid.mode == "RGB"
    assert np.asarray(grid).tolist() == [[[10, 20, 30], [40, 50, 60]]]


@pytest.mark.parametrize(("side", "factor"), [(8, 6), (28, 2), (32, 2), (64, 1), (200, 1)])
def test_small_images_are_enlarged(side, factor):
    grid = image_grid(torch.zeros(1, 1, side, side, dtype=torch.uint8), padding=0)
    assert grid.size == (side * factor, side * factor)


@pytest.mark.parametrize(
    "images",
    [torch.zeros(0, 1, 2, 2, dtype=torch.uint8), torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2, dtype=torch.uint8)],
)
def test_invalid_images_are_refused(images, complains):
    with complains("a grid needs at least one image", str(tuple(images.shape))):
        image_grid(images)


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"scale": 0}, {"padding": -1}, {"levels": 1}])
def test_options_out_of_range_are_refused(wrong, complains):
    name, value = next(iter(wrong.items()))
    with complains(f"{name} {value}"):
        image_grid(torch.zeros(1, 1, 2, 2, dtype=torch.uint8), **wrong)


def test_a_picture_is_written_as_png(tmp_path, complains):
    save_picture(Image.new("L", (3, 2), 9), tmp_path / "new" / "grid.png")
    with Image.open(tmp_path / "new" / "grid.png") as picture:
        assert (picture.format, picture.size, picture.getpixel((0, 0))) == ("PNG", (3, 2), 9)
    with complains("ending in .png", "grid.jpg"):
        save_picture(Image.new("L", (3, 2)), tmp_path / "grid.jpg")


def test_pairs_are_aligned_vertically() -> None:
    images = torch.arange(1, 6, dtype=torch.uint8).view(5, 1, 1, 1)
    # Tiles are one pixel enlarged six times, with a padding of two.
    tiles = np.asarray(pair_grid(images, 10 * images, columns=3))[2::10, 2::10]
    assert tiles.T.tolist() == [[1, 10, 4, 40], [2, 20, 5, 50], [3, 30, 0, 0]]


def test_pairs_must_have_equal_shapes() -> None:
    with pytest.raises(ValueError, match="images of equal shape"):
        pair_grid(torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(3, 1, 3, 3, dtype=torch.uint8))
