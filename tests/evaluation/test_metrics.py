"""Metrics and intervals against something independent."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
import torch

from genera.evaluation.intervals import bootstrap_interval
from genera.evaluation.metrics import BitsPerDim, SquaredError


def test_bits_per_dim_of_known_probabilities() -> None:
    metric = BitsPerDim(num_dims=4)
    # Each of four pixels one of 256 equally likely values: eight bits; or one of two: one bit.
    metric.update(torch.tensor([-4 * math.log(256), -4 * math.log(2)]))
    metric.update(torch.tensor([-4 * math.log(2)]))
    torch.testing.assert_close(metric.values(), torch.tensor([8.0, 1.0, 1.0], dtype=torch.float64))
    assert float(metric.compute()) == pytest.approx(10 / 3)


def test_a_diverged_batch_does_not_look_like_a_good_one() -> None:
    metric = BitsPerDim(num_dims=4)
    metric.update(torch.tensor([-1.0, math.nan]))
    assert math.isnan(float(metric.compute()))


def test_the_bootstrap_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=400)
    low, high = bootstrap_interval(torch.from_numpy(values), num_resamples=4000)
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", random_state=0)
    assert low == pytest.approx(reference.confidence_interval.low, abs=0.01)
    assert high == pytest.approx(reference.confidence_interval.high, abs=0.01)


def test_an_interval_needs_values() -> None:
    with pytest.raises(ValueError, match="at least one value, got none"):
        bootstrap_interval(torch.zeros(0))


def test_squared_error_is_scikit_learns_on_the_unit_interval() -> None:
    generator = torch.Generator().manual_seed(0)
    images, others = (torch.randint(17, (6, 1, 3, 4), generator=generator, dtype=torch.uint8) for _ in range(2))
    metric = SquaredError(levels=17)
    metric.update(images[:4], others[:4])
    metric.update(images[4:], others[4:])
    expected = sklearn.metrics.mean_squared_error(images.flatten(1).double() / 16, others.flatten(1).double() / 16)
    assert float(metric.compute()) == pytest.approx(expected)
    assert metric.values().shape == (6,)
