from __future__ import annotations

import math

import pytest
import torch
from cases import DEQUANTIZERS, every_level
from scipy import stats
from torch import Tensor

from genera.core import ImageSpec, UniformDequantizer


@pytest.mark.parametrize("name", DEQUANTIZERS)
def test_quantizing_dequantized_pixels_restores_them(name: str) -> None:
    dequantizer, images = DEQUANTIZERS[name]()
    dequantizer = dequantizer.float()
    generator = torch.Generator().manual_seed(0)
    images = images.repeat(max(1, 20_000 // len(images)), 1, 1, 1)
    for _ in range(10):
        y, log_weight = dequantizer(images, generator=generator)
        assert y.dtype == log_weight.dtype == torch.float32
        assert y.min() >= 0
        assert y.max() < 1
        assert log_weight.shape == (len(images),)
        assert torch.equal(dequantizer.quantize(y), images)


@pytest.mark.parametrize("name", DEQUANTIZERS)
def test_quantizing_the_bin_centers_restores_the_pixels(name: str) -> None:
    dequantizer, images = DEQUANTIZERS[name]()
    y = dequantizer.center(images)
    assert torch.allclose(y * dequantizer.spec.levels, images + 0.5)
    assert torch.equal(dequantizer.quantize(y), images)


@pytest.mark.parametrize("name", DEQUANTIZERS)
def test_the_generator_determines_the_noise(name: str) -> None:
    dequantizer, images = DEQUANTIZERS[name]()
    before = torch.get_rng_state()
    first, again, other = (dequantizer(images, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("name", DEQUANTIZERS)
def test_real_numbers_outside_the_range_are_clamped(name: str) -> None:
    dequantizer, _ = DEQUANTIZERS[name]()
    below, above = torch.tensor([-math.inf, -0.1, 0.0]), torch.tensor([1.0, 1.1, math.inf])
    assert dequantizer.quantize(below).tolist() == [0] * 3
    assert dequantizer.quantize(above).tolist() == [dequantizer.spec.levels - 1] * 3


@pytest.mark.parametrize("noise", [0.0, 2**-24, 1e-6, 1 - 2**-24])
def test_extreme_noise_changes_no_pixel_for_any_number_of_levels(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def always(shape: tuple[int, ...], **_: object) -> Tensor:
        return torch.full(shape, noise)

    monkeypatch.setattr(torch, "rand", always)
    moved = {}
    for levels in range(2, 257):
        images = every_level(ImageSpec(1, 1, 1, levels))
        dequantizer = UniformDequantizer(ImageSpec(1, 1, 1, levels))
        y, _ = dequantizer(images)
        assert y.max() < 1
        if wrong := images[dequantizer.quantize(y) != images].tolist():
            moved[levels] = wrong
    assert moved == {}


def test_uniform_noise_is_uniform_and_its_weight_is_the_volume() -> None:
    spec = ImageSpec(1, 2, 2, 17)
    images = every_level(spec).repeat(200, 1, 1, 1)
    y, log_weight = UniformDequantizer(spec)(images, generator=torch.Generator().manual_seed(0))
    noise = (y.double() * 17 - images).flatten().numpy()
    assert stats.kstest(noise, "uniform").pvalue > 1e-3
    # Slightly less than the whole bin: a few ulp at its edges are excluded.
    assert (log_weight < math.log(17**-4)).all()
    torch.testing.assert_close(log_weight, torch.full((len(images),), math.log(17**-4)), rtol=0, atol=1e-4)


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_noise_at_an_edge_is_not_clamped_to_a_point(edge: float) -> None:
    """Otherwise a density with a spike there would gain log-probability."""
    dequantizer = UniformDequantizer(ImageSpec(1, 1, 1, 256))
    images = torch.full((11, 1, 1, 1), 3, dtype=torch.uint8)
    noise = (edge - torch.linspace(0, 1e-4, 11, dtype=torch.float64)).abs().view(-1, 1, 1, 1)
    y, log_det = dequantizer.place(images, noise)
    slopes = (y.diff(dim=0) / noise.diff(dim=0)).flatten()
    torch.testing.assert_close(slopes.log(), log_det[1:], rtol=0, atol=1e-6)
    assert torch.equal(dequantizer.quantize(y), images)


def test_half_precision_noise_is_placed_in_float32() -> None:
    dequantizer = UniformDequantizer(ImageSpec(1, 1, 1, 256))
    images = torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1)
    for dtype in (torch.float16, torch.bfloat16):
        y, _ = dequantizer.place(images, torch.full(images.shape, 0.5, dtype=dtype))
        assert y.dtype == torch.float32
        assert torch.equal(dequantizer.quantize(y), images)
