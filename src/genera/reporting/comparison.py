"""Models of any family side by side: what was measured of each, and which of them is best where one can tell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genera.reporting.cards import card_of, place_of


@dataclass(frozen=True)
class Row:
    """A model of a comparison.

    Args:
        model: what it is called.
        about: recipe, data and training, in a line.
        measures: what was found, by measure: ``value``, ``low``, ``high``, ``n``, ….
        unavailable: why a measure makes no sense, by measure.
        cost: ``parameters`` and ``cpu_seconds`` of its training, where they are known.
    """

    model: str
    about: str
    measures: Mapping[str, Mapping[str, Any]]
    unavailable: Mapping[str, str]
    cost: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """Models that were asked the same on the same images.

    Args:
        data: name of the data set.
        split: which images.
        rows: the models.
    """

    data: str
    split: str
    rows: Sequence[Row]

    @property
    def names(self) -> list[str]:
        """Measures that at least one model has, in the order of a table."""
        return sorted(dict.fromkeys(name for row in self.rows for name in row.measures), key=place_of)

    def best(self, name: str) -> Row | None:
        """The model that is best at a measure, where its interval touches that of no other; None elsewhere."""
        better = card_of(name).better
        measured = [row for row in self.rows if name in row.measures]
        if better is None or len(measured) < 2:
            return None
        sign = 1 if better == "higher" else -1
        first, *others = sorted(measured, key=lambda row: -sign * row.measures[name]["value"])
        own = first.measures[name]
        for other in (row.measures[name] for row in others):
            if own["low"] <= other["high"] and other["low"] <= own["high"]:
                return None
        return first

    def as_json(self) -> str:
        """All that is known, for programs."""
        models = [
            {
                "model": row.model,
                "about": row.about,
                "measures": dict(row.measures),
                "unavailable": dict(row.unavailable),
                "cost": dict(row.cost),
            }
            for row in self.rows
        ]
        best = {name: row.model for name in self.names if (row := self.best(name)) is not None}
        return json.dumps({"data": self.data, "split": self.split, "models": models, "best": best}, indent=2) + "\n"

    def as_csv(self) -> str:
        """A row for each model and measure."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["model", "data", "split", "measure", "value", "low", "high", "images"])
        for row in self.rows:
            for name, found in row.measures.items():
                ends = (found[end] for end in ("value", "low", "high", "n"))
                table.writerow([row.model, self.data, self.split, name, *ends])
        return text.getvalue()


def shown(found: Mapping[str, Any]) -> str:
    """A value to as many digits as its interval lets mean something."""
    value, width = found["value"], found["high"] - found["low"]
    digits = 0
    while digits < 6 and width < 2 * 10.0**-digits:
        digits += 1
    return f"{value:,.{digits}f}" if width > 0 else f"{value:,.4g}"
