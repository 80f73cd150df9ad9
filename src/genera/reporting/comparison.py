"""Models of any family side by side: what was measured of each, and which of them is best where one can tell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genera.reporting.measure_info import info_of, place_of


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

    @property
    def samples_all_classes(self) -> bool:
        """Whether there are as many classes among its draws as among images; False where that was not measured."""
        modes = self.measures.get("modes", {})
        of_images = modes_of_images(modes)
        return of_images is not None and modes["value"] >= of_images


@dataclass(frozen=True)
class Comparison:
    """Models that were asked the same on the same images.

    Args:
        data: name of the data set.
        split: which images.
        rows: the models.
        images: how many images these are, and what tells them from others of the same name.
    """

    data: str
    split: str
    rows: Sequence[Row]
    images: str

    @property
    def names(self) -> list[str]:
        """Measures that at least one model has, in the order of a table."""
        return sorted(dict.fromkeys(name for row in self.rows for name in row.measures), key=place_of)

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Measures that were asked for and that no model has, by the reason."""
        missing = {name for row in self.rows for name in row.unavailable} - set(self.names)
        found: dict[str, list[str]] = {}
        for name in sorted(missing, key=place_of):
            reasons = dict.fromkeys(row.unavailable[name] for row in self.rows if name in row.unavailable)
            found.setdefault("; ".join(reasons), []).append(name)
        return found

    def best(self, name: str) -> Row | None:
        """The model that is best at a measure, where its interval touches that of no other; None elsewhere.

        One image drawn again and again can be recognised every time: the best at that must draw all classes.
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
        about = {"data": self.data, "split": self.split, "images": self.images}
        return json.dumps({**about, "models": models, "best": best}, indent=2) + "\n"

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


def modes_of_images(modes: Mapping[str, Any]) -> float | None:
    """How many classes there are among real images, which stands beside ``modes``; None where it does not."""
    return next((value for name, value in modes.get("references", {}).items() if name.endswith("images")), None)


def shown(found: Mapping[str, Any]) -> str:
    """A value to as many digits as its interval lets mean something."""
    value, width = found["value"], found["high"] - found["low"]
    digits = 0
    while digits < 6 and width < 2 * 10.0**-digits:
        digits += 1
    return f"{value:,.{digits}f}" if width > 0 else f"{value:,.4g}"
