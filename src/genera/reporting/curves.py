"""Columns of ``metrics.csv`` as curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def against_time(table: Mapping[int, Mapping[str, float]], column: str) -> tuple[list[float], list[float]]:
    """Minutes of training, and the values of a column of ``metrics.csv`` where it has them."""
    seconds = {0: 0.0} | {step: row["seconds"] for step, row in table.items() if "seconds" in row}
    values = {step: row[column] for step, row in table.items() if column in row}
    # A validation falls between two rows that know the time.
    minutes = np.interp(list(values), list(seconds), list(seconds.values())) / 60
    return minutes.tolist(), list(values.values())
