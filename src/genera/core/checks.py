"""What arguments must be."""

from __future__ import annotations


def check_positive(**values: int) -> None:
    """Refuse sizes and counts below 1, given by name.

    Raises:
        ValueError: one of them is.
    """
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


def check_not_negative(**values: int) -> None:
    """Refuse numbers of things below 0, given by name.

    Raises:
        ValueError: one of them is.
    """
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} must be at least 0, got {value}")
