"""Columns of ``metrics.csv`` as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Table = Mapping[int, Mapping[str, float]]


def columns_of(table: Table) -> set[str]:
    """Names of the columns that have a value in some row."""
    return {column for row in table.values() for column in row}


def against_time(table: Table, column: str, *, clock: str = "seconds") -> tuple[list[float], list[float]]:
    """Minutes of training and values of a column of ``metrics.csv``, for the rows with a value.

    Args:
        table: rows of ``metrics.csv``, by step.
        column: name of the column.
        clock: column of the time: ``seconds``, or ``cpu_seconds``.
    """
    seconds, values = _against(table, column, clock)
    return [second / 60 for second in seconds], values


def against_epochs(table: Table, column: str) -> tuple[list[float], list[float]]:
    """Epochs of training and values of a column of ``metrics.csv``, for the rows with a value."""
    return _against(table, column, "epoch")


def _against(table: Table, column: str, other: str) -> tuple[list[float], list[float]]:
    positions = {0: 0.0} | {step: row[other] for step, row in table.items() if other in row}
    values = {step: row[column] for step, row in table.items() if column in row}
    # Rows of a validation may lack the other column: interpolate between the rows that have it.
    return np.interp(list(values), list(positions), list(positions.values())).tolist(), list(values.values())


def axis_limits(values: Sequence[float]) -> tuple[float, float]:
    """Limits of a y axis that show the end of a curve in detail and may cut off the steep start."""
    low, high = min(values), float(np.percentile(values, 90))
    span = max(high - low, 1e-3)
    return low - 0.05 * span, low + 1.6 * span
