"""Measurements and comparisons that were not measured."""

from __future__ import annotations

from typing import Any

from genera.evaluation.results.rows import Row
from genera.reporting.comparison import Comparison

IMAGES = "360 test images of digits (0123abcd)"
#: The references of ``modes``.
TEN_CLASSES = {"validation images": 10.0, "uniform noise": 1.0}


def measured(value: float, margin: float = 0.11, **more: Any) -> dict[str, Any]:
    """Fields of a measurement of ten images with a symmetric interval, which justifies one decimal by default."""
    return {"value": value, "low": value - margin, "high": value + margin, "n": 10, **more}


def row(model: str, unavailable: dict[str, str] | None = None, **measures: dict[str, Any]) -> Row:
    """A model; in names of measures ``bits_per_dim`` stands for ``bits_per_dim@8`` and ``fd`` for ``fd[lenet]``."""
    names = {"bits_per_dim": "bits_per_dim@8", "fd": "fd[lenet]", "coverage": "coverage[lenet]"}
    return Row(model, "", {names.get(name, name): of for name, of in measures.items()}, unavailable or {}, {})


def comparison(measure: str, *values: dict[str, Any]) -> Comparison:
    """Models a, b, … that have one measure."""
    return compared(*(row(f"model {letter}", **{measure: value}) for letter, value in zip("abc", values, strict=False)))


def compared(*rows: Row) -> Comparison:
    """A comparison of models."""
    return Comparison("digits", "test", rows, IMAGES)
