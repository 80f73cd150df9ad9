"""Metrics of pixels and log-probabilities against independent implementations."""

from __future__ import annotations

import math

import pytest
import sklearn.metrics
import torch
from cases import complains

from genera.evaluation.metrics import (
    BitsPerDim,
    Dissimilarity,
    PeakSignalToNoise,
    SquaredError,
    StructuralSimilarity,
)


def test_bits_per_dim_of_known_probabilities() -> None:
    metric = BitsPerDim(num_dims=4)
    # Each of four pixels one of 256 equally likely values: eight bits; or one of two: one bit.
    metric.update(torch.tensor([-4 * math.log(256), -4 * math.log(2)]))
    metric.update(torch.tensor([-4 * math.log(2)]))
    torch.testing.assert_close(metric.values(), torch.tensor([8.0, 1.0, 1.0], dtype=torch.float64))
    assert float(metric.compute()) == pytest.approx(10 / 3)


def test_a_nan_makes_the_mean_nan() -> None:
    metric = BitsPerDim(num_dims=4)
    metric.update(torch.tensor([-1.0, math.nan]))
    assert math.isnan(float(metric.compute()))


def test_squared_error_equals_scikit_learns_on_the_unit_interval() -> None:
    generator = torch.Generator().manual_seed(0)
    images, others = (torch.randint(17, (6, 1, 3, 4), generator=generator, dtype=torch.uint8) for _ in range(2))
    metric = SquaredError(levels=17)
    metric.update(images[:4], others[:4])
    metric.update(images[4:], others[4:])
    expected = sklearn.metrics.mean_squared_error(images.flatten(1).double() / 16, others.flatten(1).double() / 16)
    assert float(metric.compute()) == pytest.approx(expected)
    assert metric.values().shape == (6,)


def test_decibels_of_known_errors() -> None:
    metric = PeakSignalToNoise(levels=17)
    black = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    other = black.clone()
    other[0] = 16
    other[1, 0, 0, 0] = 8
    metric.update(black, other)
    assert metric.values().tolist() == pytest.approx([0, 10 * math.log10(16), 100])
    assert float(metric.compute()) == pytest.approx(metric.values().mean())


def test_similarity_is_one_minus_dissimilarity() -> None:
    images = torch.randint(17, (5, 1, 8, 9), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    dissimilarity, similarity = Dissimilarity(levels=17), StructuralSimilarity(levels=17)
    dissimilarity.update(images)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(0))
    similarity.update(images[order], images[order.roll(1)])
    torch.testing.assert_close(similarity.values(), 1 - dissimilarity.values().double())
    similarity.reset()
    similarity.update(images, images)
    assert float(similarity.compute()) == pytest.approx(1)
    with pytest.raises(ValueError, match="SSIM needs images of at least 7 pixels"):
        similarity.update(images[:, :, :6], images[:, :, :6])


def test_dissimilarity_computed_by_hand() -> None:
    """SSIM written out, with means over a window of seven around every pixel, edges reflected."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(17, (4, 1, 9, 8), generator=generator, dtype=torch.uint8)
    metric = Dissimilarity(levels=17)
    metric.update(images)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))

    def windows(x: torch.Tensor) -> torch.Tensor:
        padded = torch.nn.functional.pad(x.double() / 16, (3, 3, 3, 3), mode="reflect")
        return padded.unfold(1, 7, 1).unfold(2, 7, 1).flatten(-2)

    for value, first, second in zip(metric.values(), images[order], images[order.roll(1)], strict=True):
        x, y = windows(first), windows(second)
        mean_x, mean_y = x.mean(-1), y.mean(-1)
        covariance = (x * y).mean(-1) - mean_x * mean_y
        luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
        structure = (2 * covariance + 0.03**2) / (x.var(-1, correction=0) + y.var(-1, correction=0) + 0.03**2)
        assert float(value) == pytest.approx(1 - float((luminance * structure).mean()), abs=1e-5)


def test_copies_are_not_dissimilar() -> None:
    metric = Dissimilarity(levels=256)
    image = torch.randint(256, (1, 3, 8, 8), dtype=torch.uint8)
    metric.update(image)
    with complains("at least 2 images", "got 1"):
        metric.compute()
    metric.update(image.expand(4, -1, -1, -1))
    assert metric.values().shape == (5,)
    assert float(metric.values().abs().max()) < 1e-5


def test_dissimilarity_does_not_depend_on_images_being_sorted_by_class() -> None:
    bright = torch.arange(2, dtype=torch.uint8).repeat_interleave(600)[:, None, None, None].expand(-1, 1, 8, 8) * 255
    metric = Dissimilarity(levels=256)
    metric.update(bright)
    # Half of all pairs are of different classes, and those have SSIM 0.
    assert float(metric.compute()) == pytest.approx(0.5, abs=0.05)


def test_images_smaller_than_the_window() -> None:
    metric = Dissimilarity(levels=256)
    with pytest.raises(ValueError, match="at least 7 pixels"):
        metric.update(torch.zeros(2, 1, 6, 8, dtype=torch.uint8))
