from __future__ import annotations

import dataclasses

import pytest
import torch
from cases import complains

from genera.core import ImageSpec, rescale_levels

SPEC = ImageSpec(3, 4, 5, 17, 10)


def test_shape_and_number_of_dimensions() -> None:
    assert SPEC.shape == (3, 4, 5)
    assert SPEC.num_dims == 60


def test_a_spec_is_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SPEC.levels = 2  # type: ignore[misc]
    assert dataclasses.replace(SPEC) == SPEC


@pytest.mark.parametrize(
    ("name", "value"),
    [("channels", 0), ("height", 0), ("width", -1), ("levels", 1), ("levels", 257), ("num_classes", -1)],
)
def test_values_out_of_range_are_refused(name: str, value: int) -> None:
    with complains(name, f"got {value}"):
        dataclasses.replace(SPEC, **{name: value})


@pytest.mark.parametrize(("name", "value"), [("channels", 1), ("levels", 2), ("levels", 256), ("num_classes", 0)])
def test_extreme_values_are_accepted(name: str, value: int) -> None:
    assert getattr(dataclasses.replace(SPEC, **{name: value}), name) == value


@pytest.mark.parametrize("count", [0, 1, 7])
def test_valid_batches_are_accepted(count: int) -> None:
    SPEC.check(torch.zeros(count, 3, 4, 5, dtype=torch.uint8))


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 5, 4), (2, 1, 4, 5), (1, 2, 3, 4, 5), ()])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with complains("(B, 3, 4, 5)", str(shape)):
        SPEC.check(torch.zeros(shape, dtype=torch.uint8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64, torch.int8, torch.bool, torch.complex64])
def test_images_of_another_dtype_are_refused(dtype: torch.dtype) -> None:
    with complains("torch.uint8", str(dtype)):
        SPEC.check(torch.zeros(2, 3, 4, 5, dtype=dtype))


def test_pixels_above_the_levels_are_refused() -> None:
    spec = dataclasses.replace(SPEC, levels=17)
    images = torch.full((2, 3, 4, 5), 16, dtype=torch.uint8)
    spec.check(images)
    images[1, 2, 3, 4] = 17
    with complains("pixels must be below 17", "got 17"):
        spec.check(images)


@pytest.mark.parametrize("levels", [2, 5, 17, 200, 256])
def test_levels_are_rescaled_to_the_nearest(levels: int) -> None:
    pixels = torch.arange(levels, dtype=torch.uint8)
    rescaled = rescale_levels(pixels, levels)
    assert rescaled.dtype == torch.uint8
    assert rescaled[[0, -1]].tolist() == [0, 255]
    assert (rescaled - 255 * pixels.double() / (levels - 1)).abs().max() <= 0.5
    assert torch.equal(rescale_levels(rescaled, 256, to=levels), pixels)


def test_conversion_between_levels_and_real_numbers() -> None:
    levels = torch.arange(17, dtype=torch.uint8)
    spec = dataclasses.replace(SPEC, levels=17)
    x = spec.to_unit_range(levels, torch.float64)
    torch.testing.assert_close(x, torch.linspace(0, 1, 17, dtype=torch.float64))
    torch.testing.assert_close(spec.to_symmetric_range(levels, torch.float64), 2 * x - 1)
    assert torch.equal(spec.to_pixels(x), levels)
    assert spec.to_pixels(torch.tensor([-0.2, 0.03, 0.04, 1.7])).tolist() == [0, 0, 1, 16]
