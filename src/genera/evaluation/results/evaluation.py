"""What an evaluation returns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from genera.core.text_table import format_table
from genera.evaluation.results.measure_table import measure_table
from genera.evaluation.results.rows import (
    Row,
    format_interval,
    format_reference,
    format_value,
    groups_of,
    headlines,
    unavailable_by_reason,
)


@dataclass(frozen=True)
class Evaluation:
    """Measures of a model on a split of a data set.

    ``evaluation["mse"]`` is the value of a measure; :attr:`content` has its interval, number of images and settings.

    Args:
        content: of the result file, as :func:`genera.evaluation.runner.evaluate` returns it.
        images: description of the images.
        path: the result file; None if it was not written.
        named: the measures that were asked for; None for all.
    """

    content: Mapping[str, Any]
    images: str
    path: Path | None
    named: Sequence[str] | None = None

    def __getitem__(self, name: str) -> float:
        return self.content["measures"][name]["value"]

    @property
    def measures(self) -> dict[str, float]:
        """Values by measure."""
        return {name: measured["value"] for name, measured in self.content["measures"].items()}

    @property
    def unavailable(self) -> dict[str, str]:
        """Reasons by measure that the model or the data do not allow."""
        return dict(self.content["unavailable"])

    def as_json(self) -> str:
        """The content of the result file."""
        return json.dumps(self.content, indent=2)

    def summary(self) -> str:
        """The three measures that matter most, or those that were asked for, as text."""
        chosen = headlines(self.measures)
        if self.named is not None or not chosen:
            return str(self)
        rest, missing = len(self.measures) - len(chosen), len(self.unavailable)
        return f"{self._text(self._row(chosen))}\n{rest} more measured, {missing} unavailable: --all lists them"

    def _row(self, names: Sequence[str] | None = None) -> Row:
        """The model with the measures of the given names; with all if it is None."""
        content = self.content
        measures, unavailable = (
            {name: of[name] for name in of if names is None or name in names}
            for of in (content["measures"], content["unavailable"])
        )
        return Row(content["model"], "", measures, unavailable, {})

    def _text(self, row: Row) -> str:
        lines = [f"{row.model} on {self.images}"]
        if row.measures:
            table = [["measure", "value", "95 % interval", "images", "real images"]]
            for name in (name for group in groups_of([row]).values() for name in group):
                measured = row.measures[name]
                source, real = format_reference(measured)
                cells = [name, format_value(measured), format_interval(measured), f"{measured['n']:,}"]
                table.append([*cells, f"{real} ({source})" if source else ""])
            if not any(cells[-1] for cells in table[1:]):
                table[0][-1] = ""
            lines.append(format_table(table))
        reasons = unavailable_by_reason([row]).items()
        return "\n".join([*lines, *(f"unavailable: {', '.join(names)} ({reason})" for reason, names in reasons)])

    def __str__(self) -> str:
        return self._text(self._row(self.named))

    def _repr_html_(self) -> str:
        row = self._row(self.named)
        return f"<p>{escape(row.model)} on {escape(self.images)}</p>{measure_table([row])}"
