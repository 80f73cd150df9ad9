"""Pictures in figures are sharp, and nothing is cut off."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from genera.data.image_grid import image_grid
from genera.reporting.style import picture_figure, style, titled, to_png


def pixels_of(figure: Figure) -> np.ndarray:
    with style():
        return np.asarray(Image.open(BytesIO(to_png(figure))).convert("RGB")).astype(int)


@pytest.mark.parametrize("labels", [{}, {"rows": ["image", "z[101]", ""], "columns": ["-3", "0", "3"]}])
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 31, 17), (1, 13, 129)])
def test_a_pixel_of_a_picture_has_a_whole_number_of_pixels(shape: tuple[int, int, int], labels: dict) -> None:
    images = torch.randint(256, (24, *shape), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    picture = image_grid(images, columns=8)
    scale = max(1, round(1020 / picture.width))
    expected = np.asarray(picture.convert("RGB")).repeat(scale, axis=0).repeat(scale, axis=1).astype(int)
    height, width, _ = expected.shape
    shown = pixels_of(titled(picture_figure(picture, **labels), "a title\nof two lines"))
    places = np.argwhere(np.abs(shown[: -height + 1 or None, : -width + 1 or None] - expected[0, 0]).max(axis=2) <= 1)
    # Colours may be rounded by one.
    assert any(np.abs(shown[y : y + height, x : x + width] - expected).max() <= 1 for y, x in places)


def test_a_report_shows_each_pixel_of_a_small_image_as_at_least_two() -> None:
    width = pixels_of(picture_figure(image_grid(torch.zeros(64, 1, 28, 28, dtype=torch.uint8), columns=8))).shape[1]
    # Reports show pictures at half their size.
    assert width / 2 >= 8 * 2 * 28


def test_long_titles_and_labels_are_not_cut() -> None:
    picture = image_grid(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    for figure in (picture_figure(picture, rows=["a long label of the row"]), Figure(figsize=(2, 2))):
        shown = pixels_of(titled(figure, "a very long title " * 20))
        edges = (shown[0], shown[-1], shown[:, 0], shown[:, -1])
        assert all((edge == 255).all() for edge in edges)
        assert (shown < 255).any()
