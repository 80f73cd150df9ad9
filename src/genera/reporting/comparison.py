"""Comparison of models of any family: their measures, and the best model by each measure."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from genera.evaluation.measures import info_of
from genera.evaluation.results.rows import Fields, Row, groups_of


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
        return [name for group in groups_of(self.rows).values() for name in group]

    def ranked(self, name: str) -> list[Row]:
        """The models with a finite value and interval of a measure, best first where lower or higher is better."""
        measured = [row for row in self.rows if name in row.measures and _is_finite(row.measures[name])]
        sign = {"higher": -1, "lower": 1, None: 0}[info_of(name).better]
        return sorted(measured, key=lambda row: sign * row.measures[name]["value"])

    def best(self, name: str) -> Row | None:
        """The best model by a measure, if its interval overlaps no other; otherwise None.

        For some measures, such as ``recognised``, it must also generate all classes.
        """
        info, ranked = info_of(name), self.ranked(name)
        if info.better is None or len(ranked) < 2:
            return None
        first, *others = ranked
        if any(_overlap(first.measures[name], other.measures[name]) for other in others):
            return None
        return None if info.needs_all_modes and not first.samples_all_classes else first

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
                table.writerow([row.model, row.data, self.split, name, *values])
        return text.getvalue()


def _is_finite(measured: Fields) -> bool:
    return all(math.isfinite(measured[field]) for field in ("value", "low", "high"))


def _overlap(one: Fields, other: Fields) -> bool:
    return one["low"] <= other["high"] and other["low"] <= one["high"]
