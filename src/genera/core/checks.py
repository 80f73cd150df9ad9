"""Checks of arguments that many functions share.

Each raises ValueError if a value is of another kind or out of range.
"""

from __future__ import annotations

import math
from numbers import Integral, Real

#: Samples per call. Memory runs out long before; above it torch's own errors no longer name the argument.
MAX_COUNT = 10_000_000
#: Samples of the importance-weighted bound. Papers use at most 5,000.
MAX_IMPORTANCE_SAMPLES = 1_000_000
#: Largest seed. Generators accept more, which leaves room for seeds derived by counting up.
MAX_SEED = 2**63 - 1
#: At 100 times the learned scale samples are noise; far above, numbers overflow.
MAX_TEMPERATURE = 100.0


def check_positive(**values: int) -> None:
    """Check that sizes and counts, passed by name, are integers of at least 1."""
    for name, value in values.items():
        _check_integer(name, value, least=1)


def check_not_negative(**values: int) -> None:
    """Check that counts, passed by name, are integers of at least 0."""
    for name, value in values.items():
        _check_integer(name, value, least=0)


def check_count(count: int) -> None:
    """Check that a number of samples is an integer between 0 and ``MAX_COUNT``."""
    _check_integer("count", count, least=0, most=MAX_COUNT)


def check_importance_samples(**values: int) -> None:
    """Check that numbers of importance samples, by name, are integers between 1 and ``MAX_IMPORTANCE_SAMPLES``."""
    for name, value in values.items():
        _check_integer(name, value, least=1, most=MAX_IMPORTANCE_SAMPLES)


def check_seed(seed: int) -> None:
    """Check that a seed is an integer between 0 and ``MAX_SEED``."""
    _check_integer("seed", seed, least=0, most=MAX_SEED)


def check_temperature(temperature: float) -> None:
    """Check that a temperature is a number between 0 (no noise) and ``MAX_TEMPERATURE``, which excludes NaN."""
    # Written as a chain of comparisons, which NaN fails.
    if not _is_number(temperature, Real) or not 0 <= temperature <= MAX_TEMPERATURE:
        raise ValueError(f"temperature must be a number between 0 and {MAX_TEMPERATURE:g}, got {temperature!r}")


def _check_integer(name: str, value: int, *, least: int, most: float = math.inf) -> None:
    if not _is_number(value, Integral):
        raise ValueError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    if value > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value}")


def _is_number(value: object, kind: type) -> bool:
    """Whether ``value`` is a ``kind`` of number, excluding booleans, which Python counts as integers."""
    return isinstance(value, kind) and not isinstance(value, bool)
