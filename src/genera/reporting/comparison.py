"""Comparison of models of any family: their measures, and the best model by each measure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from genera.reporting.measure_info import info_of, table_order


@dataclass(frozen=True)
class Row:
    """A model of a comparison.

    Args:
        model: name of the model.
        about: recipe, data set and training in one line.
        measures: fields of the measurement (``value``, ``low``, ``high``, ``n``, …), by measure.
        unavailable: why a measure does not apply, by measure.
        cost: ``parameters`` and ``cpu_seconds`` of the training, if known.
    """

    model: str
    about: str
    measures: Mapping[str, Mapping[str, Any]]
    unavailable: Mapping[str, str]
    cost: Mapping[str, float]

    @property
    def samples_all_classes(self) -> bool:
        """Whether its samples have as many classes as real images; False if that was not measured."""
        modes = self.measures.get("modes", {})
        reference = reference_modes(modes)
        return reference is not None and modes["value"] >= reference


@dataclass(frozen=True)
class Comparison:
    """Models that were measured alike on the same images.

    Args:
        data: name of the data set.
        split: name of the split.
        rows: the models.
        images: number and digest of the images.
    """

    data: str
    split: str
    rows: Sequence[Row]
    images: str

    @property
    def names(self) -> list[str]:
        """Measures that at least one model has, in table order."""
        return sorted(dict.fromkeys(name for row in self.rows for name in row.measures), key=table_order)

    @property
    def unavailable(self) -> dict[str, list[str]]:
        """Measures that no model has, by reason."""
        missing = {name for row in self.rows for name in row.unavailable} - set(self.names)
        by_reason: dict[str, list[str]] = {}
        for name in sorted(missing, key=table_order):
            reasons = dict.fromkeys(row.unavailable[name] for row in self.rows if name in row.unavailable)
            by_reason.setdefault("; ".join(reasons), []).append(name)
        return by_reason

    def best(self, name: str) -> Row | None:
        """The best model by a measure, if its interval overlaps no other; otherwise None.

        For some measures, such as ``recognised``, it must also generate all classes.
        """
        better = info_of(name).better
        measured = [row for row in self.rows if name in row.measures]
        if better is None or len(measured) < 2:
            return None
        sign = 1 if better == "higher" else -1
        first, *others = sorted(measured, key=lambda row: -sign * row.measures[name]["value"])
        if info_of(name).needs_all_modes and not first.samples_all_classes:
            return None
        own = first.measures[name]
        for other in (row.measures[name] for row in others):
            if own["low"] <= other["high"] and other["low"] <= own["high"]:
                return None
        return first

    def as_json(self) -> str:
        """The comparison as JSON."""
        models = [asdict(row) for row in self.rows]
        best = {name: row.model for name in self.names if (row := self.best(name)) is not None}
        about = {"data": self.data, "split": self.split, "images": self.images}
        return json.dumps({**about, "models": models, "best": best}, indent=2) + "\n"

    def as_csv(self) -> str:
        """The comparison as CSV, with a row for each model and measure."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["model", "data", "split", "measure", "value", "low", "high", "images"])
        for row in self.rows:
            for name, measured in row.measures.items():
                values = (measured[field] for field in ("value", "low", "high", "n"))
                table.writerow([row.model, self.data, self.split, name, *values])
        return text.getvalue()


def reference_modes(modes: Mapping[str, Any]) -> float | None:
    """Number of classes of real images among the references of ``modes``; None if there is no such reference."""
    return next((value for name, value in modes.get("references", {}).items() if name.endswith("images")), None)


def format_value(measured: Mapping[str, Any]) -> str:
    """Format the value with the number of digits that the width of its interval justifies."""
    value, width = measured["value"], measured["high"] - measured["low"]
    digits = 0
    while digits < 6 and width < 2 * 10.0**-digits:
        digits += 1
    return f"{value:,.{digits}f}" if width > 0 else f"{value:,.4g}"
