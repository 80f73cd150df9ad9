"""Squared error and decibels against scikit-learn, and by hand."""

from __future__ import annotations

import math

import pytest
import sklearn.metrics
import torch

from genera.evaluation.metrics import peak_signal_to_noise, squared_error


def test_squared_error_equals_scikit_learns_on_the_unit_interval() -> None:
    generator = torch.Generator().manual_seed(0)
    images, others = (torch.randint(17, (6, 1, 3, 4), generator=generator, dtype=torch.uint8) for _ in range(2))
    errors = squared_error(images, others, levels=17)
    assert errors.dtype == torch.float64
    for error, image, other in zip(errors, images.double() / 16, others.double() / 16, strict=True):
        expected = sklearn.metrics.mean_squared_error(image.flatten(), other.flatten())
        assert float(error) == pytest.approx(expected, rel=1e-12)


def test_decibels_of_known_errors() -> None:
    black = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    other = black.clone()
    other[0] = 16
    other[1, 0, 0, 0] = 8
    decibels = peak_signal_to_noise(black, other, levels=17)
    assert decibels.tolist() == pytest.approx([0, 10 * math.log10(16), 100])
