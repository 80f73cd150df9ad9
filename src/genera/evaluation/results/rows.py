"""Models with what was measured of them: the order, the groups and the text of the values in a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genera.evaluation.measures import info_of, table_order

#: Fields of a measurement: ``value``, ``low``, ``high``, ``n``, ``references``, ….
Fields = Mapping[str, Any]
#: The measures that matter most, in order; of several in one place the first that a model has.
_HEADLINES = (
    ("bits_per_dim@8", "bits_per_dim@1"),
    ("fd[lenet]", "fd[random]"),
    ("mse",),
    ("coverage[lenet]",),
    ("class_agreement",),
    ("recognised",),
    ("accuracy",),
    ("samples_per_second",),
)


@dataclass(frozen=True)
class Row:
    """A model of a comparison.

    Args:
        model: name of the model.
        about: recipe, data set and training in one line.
        measures: fields of the measurement, by measure.
        unavailable: why a measure does not apply, by measure.
        cost: ``parameters`` and ``cpu_seconds`` of the training, if known.
        data: name of the data set it was measured on.
    """

    model: str
    about: str
    measures: Mapping[str, Fields]
    unavailable: Mapping[str, str]
    cost: Mapping[str, float]
    data: str = ""

    @property
    def samples_all_classes(self) -> bool:
        """Whether its samples have as many classes as real images; False if that was not measured."""
        modes = self.measures.get("modes", {})
        reference = reference_of(modes)
        return reference is not None and modes["value"] >= reference[1]

    @property
    def cost_texts(self) -> dict[str, str]:
        """The known costs of the training, by title."""
        texts = {}
        if "parameters" in self.cost:
            texts["parameters"] = f"{self.cost['parameters']:,}"
        if "cpu_seconds" in self.cost:
            texts["CPU minutes of training"] = f"{self.cost['cpu_seconds'] / 60:,.1f}"
        return texts


def headlines(names: Collection[str]) -> list[str]:
    """The three of the measures that matter most."""
    first = (next((name for name in place if name in names), None) for place in _HEADLINES)
    return [name for name in first if name is not None][:3]


def groups_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Measures that at least one model has, by group, in table order; last the cost."""
    groups: dict[str, list[str]] = {}
    for name in sorted({name for row in rows for name in row.measures}, key=table_order):
        groups.setdefault(info_of(name).group, []).append(name)
    cost = groups.pop("cost", [])
    return groups | ({"cost": cost} if cost or any(row.cost for row in rows) else {})


def unavailable_by_reason(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Measures that no model has, by reason."""
    missing = {name for row in rows for name in row.unavailable} - {name for row in rows for name in row.measures}
    by_reason: dict[str, list[str]] = {}
    for name in sorted(missing, key=table_order):
        reasons = dict.fromkeys(row.unavailable[name] for row in rows if name in row.unavailable)
        by_reason.setdefault("; ".join(reasons), []).append(name)
    return by_reason


def num_digits(measured: Fields) -> int:
    """Number of decimals that the width of the interval justifies; without a width, of four significant digits."""
    width, digits = measured["high"] - measured["low"], 0
    if width == 0:
        mantissa, _, exponent = f"{measured['value']:.4g}".partition("e")
        return len(mantissa.partition(".")[2]) if not exponent else 6 * exponent.startswith("-")
    while digits < 6 and width < 2 * 10.0**-digits:
        digits += 1
    return digits


def format_value(measured: Fields, value: float | None = None, *, digits: int | None = None) -> str:
    """Format the value, or one like it, with a number of decimals, by default :func:`num_digits`."""
    digits = num_digits(measured) if digits is None else digits
    return f"{measured['value'] if value is None else value:z,.{digits}f}"


def format_interval(measured: Fields) -> str:
    """Format the ends of the interval with the digits of the value."""
    return " … ".join(format_value(measured, measured[end]) for end in ("low", "high"))


def reference_of(measured: Fields) -> tuple[str, float] | None:
    """Name and value of the reference for real images; None if there is none."""
    references = measured.get("references", {}).items()
    return next(((name, value) for name, value in references if name.endswith("images")), None)


def format_reference(measured: Fields) -> tuple[str, str]:
    """Name and text of the reference for real images, with two significant digits at least; empty if there is none."""
    if (reference := reference_of(measured)) is None:
        return "", ""
    name, value = reference
    digits = num_digits(measured)
    while digits < 6 and 0 < abs(value) * 10**digits < 10:
        digits += 1
    return name, format_value(measured, value, digits=digits)
