"""Intervals against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from cases import complains

from genera.evaluation.intervals import bootstrap_interval, t_interval


def test_the_bootstrap_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=400)
    low, high = bootstrap_interval(torch.from_numpy(values), num_resamples=4000)
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", random_state=0)
    assert low == pytest.approx(reference.confidence_interval.low, abs=0.01)
    assert high == pytest.approx(reference.confidence_interval.high, abs=0.01)


def test_an_interval_needs_values() -> None:
    with pytest.raises(ValueError, match="at least one value, got none"):
        bootstrap_interval(torch.zeros(0))


def test_an_interval_over_seeds() -> None:
    values = [1.0, 1.5, 0.5, 2.0, 1.2]
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval()
    assert t_interval(values) == pytest.approx(tuple(expected))
    with complains("at least two values", "got 1"):
        t_interval([1.0])
