"""Columns of ``metrics.csv`` as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Table = Mapping[int, Mapping[str, float]]


def against_time(table: Table, column: str) -> tuple[list[float], list[float]]:
    """Minutes of training, and the values of a column of ``metrics.csv`` where it has them."""
    seconds, values = _against(table, column, "seconds")
    return [second / 60 for second in seconds], values


def against_cpu_time(table: Table, column: str) -> tuple[list[float], list[float]]:
    """Minutes of the processor, and the values of a column of ``metrics.csv`` where it has them."""
    seconds, values = _against(table, column, "cpu_seconds")
    return [second / 60 for second in seconds], values


def against_epochs(table: Table, column: str) -> tuple[list[float], list[float]]:
    """Epochs of training, and the values of a column of ``metrics.csv`` where it has them."""
    return _against(table, column, "epoch")


def _against(table: Table, column: str, other: str) -> tuple[list[float], list[float]]:
    places = {0: 0.0} | {step: row[other] for step, row in table.items() if other in row}
    values = {step: row[column] for step, row in table.items() if column in row}
    # A validation falls between two rows that have both.
    return np.interp(list(values), list(places), list(places.values())).tolist(), list(values.values())


def limits(values: Sequence[float]) -> tuple[float, float]:
    """A range that shows where a curve ends well; the first steps of a training would flatten all that follows."""
    low, high = min(values), float(np.percentile(values, 90))
    room = max(high - low, 1e-3)
    return low - 0.05 * room, low + 1.6 * room
