"""Sharpness against scipy's Laplacian."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch
from cases import complains

from genera.evaluation.metrics import Sharpness


def sharpness(images: torch.Tensor, *, levels: int = 256) -> float:
    metric = Sharpness(levels)
    for part in images.split(3):
        metric.update(part)
    return float(metric.compute())


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(256, (7, 3, 9, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_it_equals_the_variance_of_scipys_laplacian(images: torch.Tensor) -> None:
    grey = images.numpy().mean(axis=1) / 255
    laplacians = [scipy.ndimage.laplace(image)[1:-1, 1:-1] for image in grey]
    assert sharpness(images) == pytest.approx(np.mean([laplacian.var() for laplacian in laplacians]), rel=1e-5)


def test_blur_lowers_it(images: torch.Tensor) -> None:
    blurred = torch.from_numpy(scipy.ndimage.gaussian_filter(images.numpy(), (0, 0, 1, 1)))
    assert sharpness(blurred) < 0.1 * sharpness(images)
    assert sharpness(torch.full_like(images, 9)) == 0
    assert sharpness(images // 16, levels=17) == pytest.approx(sharpness(images), rel=0.2)


def test_it_refuses_invalid_images(images: torch.Tensor) -> None:
    with complains("at least 3 pixels", "(9, 2)"):
        Sharpness(256).update(images[:, :, :, :2])
    with complains("needs at least 1 image"):
        Sharpness(256).compute()
