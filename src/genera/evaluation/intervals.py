"""Confidence intervals of means."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import scipy.stats
import torch
from torch import Tensor

from genera.core import check_seed


def bootstrap_interval(
    values: Tensor, *, level: float = 0.95, num_resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values``.

    Args:
        values: ``(N,)``, one per image.
        level: probability that the interval covers the mean.
        num_resamples: number of resampled means.
        seed: of the resampling.

    Returns:
        Lower and upper end.

    Raises:
        ValueError: ``values`` is empty.

    Source:
        Efron & Tibshirani (1993), chapter 13.
    """
    if len(values) == 0:
        raise ValueError("an interval needs at least one value, got none")
    check_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    values = values.double()
    means = torch.stack(
        [values[torch.randint(len(values), (len(values),), generator=generator)].mean() for _ in range(num_resamples)]
    )
    tail = (1 - level) / 2
    low, high = means.quantile(torch.tensor([tail, 1 - tail], dtype=means.dtype)).tolist()
    return low, high


def t_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of independent results, such as those of several seeds.

    Args:
        values: at least two.
        level: probability that the interval covers the mean if the values are normal.

    Returns:
        Lower and upper end.

    Raises:
        ValueError: there are fewer than two values.

    Source:
        Student (1908).
    """
    if len(values) < 2:
        raise ValueError(f"an interval needs at least two values, got {len(values)}")
    mean, error = statistics.fmean(values), statistics.stdev(values) / len(values) ** 0.5
    margin = float(scipy.stats.t.ppf((1 + level) / 2, df=len(values) - 1)) * error
    return mean - margin, mean + margin
