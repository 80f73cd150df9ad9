"""How sure a mean is."""

from __future__ import annotations

import torch
from torch import Tensor


def bootstrap_interval(
    values: Tensor, *, level: float = 0.95, num_resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values``.

    Args:
        values: ``(N,)``, one per image.
        level: probability that the interval covers the mean.
        num_resamples: how many resampled means.
        seed: of the resampling.

    Returns:
        Lower and upper end.

    Raises:
        ValueError: there are no values.

    Source:
        Efron & Tibshirani (1993), chapter 13.
    """
    if len(values) == 0:
        raise ValueError("an interval needs at least one value, got none")
    generator = torch.Generator().manual_seed(seed)
    values = values.double()
    means = torch.stack(
        [values[torch.randint(len(values), (len(values),), generator=generator)].mean() for _ in range(num_resamples)]
    )
    tail = (1 - level) / 2
    low, high = means.quantile(torch.tensor([tail, 1 - tail], dtype=means.dtype)).tolist()
    return low, high
