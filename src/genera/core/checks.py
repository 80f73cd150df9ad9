"""What arguments must be."""

from __future__ import annotations

import math
from numbers import Integral, Real

#: Things made at a time. Memory ends long before; beyond it torch no longer says which argument was too large.
MAX_COUNT = 10_000_000
#: Samples of the importance-weighted bound. Papers take 5,000 at most.
MAX_IMPORTANCE_SAMPLES = 1_000_000
#: Seeds that every generator takes, with room for those that are counted up from one.
MAX_SEED = 2**63 - 1
#: At a hundred times its spread nothing is left of what a model has learned; far above, numbers overflow.
MAX_TEMPERATURE = 100.0


def check_positive(**values: int) -> None:
    """Refuse sizes and counts that are no integers or below 1, given by name.

    Raises:
        ValueError: one of them is.
    """
    for name, value in values.items():
        _check_integer(name, value, least=1)


def check_not_negative(**values: int) -> None:
    """Refuse numbers of things that are no integers or below 0, given by name.

    Raises:
        ValueError: one of them is.
    """
    for name, value in values.items():
        _check_integer(name, value, least=0)


def check_count(count: int) -> None:
    """Refuse a number of things to make at a time that is not between 0 and ``MAX_COUNT``.

    Raises:
        ValueError: it is no integer, or out of range.
    """
    _check_integer("count", count, least=0, most=MAX_COUNT)


def check_importance_samples(**values: int) -> None:
    """Refuse numbers of importance samples that are not between 1 and ``MAX_IMPORTANCE_SAMPLES``, given by name.

    Raises:
        ValueError: one of them is no integer, or out of range.
    """
    for name, value in values.items():
        _check_integer(name, value, least=1, most=MAX_IMPORTANCE_SAMPLES)


def check_seed(seed: int) -> None:
    """Refuse a seed that is not between 0 and ``MAX_SEED``.

    Raises:
        ValueError: it is no integer, or out of range.
    """
    _check_integer("seed", seed, least=0, most=MAX_SEED)


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not between 0, the most likely alone, and ``MAX_TEMPERATURE``.

    Raises:
        ValueError: it is no number, not finite, or out of range.
    """
    # Not a number is neither below zero nor above the most.
    if not _is_a(temperature, Real) or not 0 <= temperature <= MAX_TEMPERATURE:
        raise ValueError(f"temperature must be a number between 0 and {MAX_TEMPERATURE:g}, got {temperature!r}")


def _check_integer(name: str, value: int, *, least: int, most: float = math.inf) -> None:
    if not _is_a(value, Integral):
        raise ValueError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    if value > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value}")


def _is_a(value: object, kind: type) -> bool:
    """Whether a value is such a number; to Python, True and False are numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)
