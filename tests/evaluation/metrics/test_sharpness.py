"""Sharpness against scipy's Laplacian."""

from __future__ import annotations

import pytest
import scipy.ndimage
import torch
from cases import complains

from genera.evaluation.metrics import sharpness


def mean_sharpness(images: torch.Tensor, *, levels: int = 256) -> float:
    return float(sharpness(images, levels=levels).mean())


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(256, (7, 3, 9, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_it_equals_the_variance_of_scipys_laplacian(images: torch.Tensor) -> None:
    grey = images.numpy().mean(axis=1) / 255
    laplacians = [scipy.ndimage.laplace(image)[1:-1, 1:-1] for image in grey]
    expected = [laplacian.var() for laplacian in laplacians]
    assert sharpness(images, levels=256).tolist() == pytest.approx(expected, rel=1e-5)


def test_blur_lowers_it(images: torch.Tensor) -> None:
    blurred = torch.from_numpy(scipy.ndimage.gaussian_filter(images.numpy(), (0, 0, 1, 1)))
    assert mean_sharpness(blurred) < 0.1 * mean_sharpness(images)
    assert mean_sharpness(torch.full_like(images, 9)) == 0
    assert mean_sharpness(images // 16, levels=17) == pytest.approx(mean_sharpness(images), rel=0.2)


def test_it_refuses_invalid_images(images: torch.Tensor) -> None:
    with complains("at least 3 pixels", "(9, 2)"):
        sharpness(images[:, :, :, :2], levels=256)
