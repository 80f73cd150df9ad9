"""What an evaluation returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Evaluation:
    """Measures of a model on a split of a data set.

    ``evaluation["mse"]`` is the value of a measure; :attr:`content` has its interval, number of images and settings.

    Args:
        content: of the result file, as :func:`genera.evaluation.runner.evaluate` returns it.
        images: description of the images.
        path: the result file; None if it was not written.
    """

    content: Mapping[str, Any]
    images: str
    path: Path | None

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

    def __str__(self) -> str:
        lines = [f"{self.content['model']} on {self.images}"]
        for name, measured in self.content["measures"].items():
            interval = f"95 % interval {measured['low']:.4f} … {measured['high']:.4f}"
            references = "".join(
                f"; {value:.4f} for {other}" for other, value in measured.get("references", {}).items()
            )
            lines.append(f"  {name:<18} {measured['value']:.4f}   {interval}   {measured['n']:,} images{references}")
        lines += [f"  {name:<18} —   {reason}" for name, reason in self.unavailable.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{measured['value']:.4f}</td>"
            f"<td>{measured['low']:.4f} … {measured['high']:.4f}</td><td>{measured['n']:,}</td></tr>"
            for name, measured in self.content["measures"].items()
        )
        rows += "".join(
            f'<tr><th>{escape(name)}</th><td>–</td><td colspan="2">{escape(reason)}</td></tr>'
            for name, reason in self.unavailable.items()
        )
        caption = f"{self.content['model']} on {self.images}"
        header = "<tr><th>measure</th><th>value</th><th>95 % interval</th><th>images</th></tr>"
        return f"<table><caption>{escape(caption)}</caption>{header}{rows}</table>"
