"""A comparison as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from genera.core.files import png_html
from genera.reporting.comparison import Comparison, Row, format_value
from genera.reporting.findings import findings_html
from genera.reporting.measure_info import info_of

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1rem; color: #1a1a1a; }
h1 { line-height: 1.2 }
figure { display: inline-block; margin: .5rem; vertical-align: top; max-width: min(100%, 23.5rem) }
img { max-width: 100%; height: auto } figcaption { font-size: .85rem; color: #444 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff }
td:first-child { white-space: normal; min-width: 9rem }
th { cursor: pointer; vertical-align: bottom } th:focus { outline: 2px solid #0072B2 }
small { display: block; color: #666; font-weight: normal } .best { font-weight: bold; background: #e3f1fa }
abbr { text-decoration: underline dotted; cursor: help }
"""
#: Sorts the table by a column: numbers first, by value, in both directions in turn.
_SCRIPT = """
for (const head of document.querySelectorAll("th")) {
  const sort = () => {
    const index = [...head.parentNode.children].indexOf(head), body = head.closest("table").tBodies[0];
    const down = head.dataset.down = head.dataset.down === "1" ? "0" : "1";
    const key = row => row.children[index].dataset.value ?? row.children[index].textContent;
    const compare = (one, other) => {
      const [a, b] = [key(one), key(other)], [x, y] = [parseFloat(a), parseFloat(b)];
      if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
      return (isNaN(x) ? a.localeCompare(b) : x - y) * (down === "1" ? 1 : -1);
    };
    for (const row of [...body.rows].sort(compare)) body.append(row);
  };
  head.tabIndex = 0;
  head.addEventListener("click", sort);
  head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
}
"""


@dataclass(frozen=True)
class Picture:
    """A picture of a report.

    Args:
        png: content of the PNG file.
        caption: text below it.
    """

    png: bytes
    caption: str


@dataclass(frozen=True)
class Report:
    """A comparison and the files that were written of it; a notebook shows its table and findings.

    Args:
        comparison: the models and their measures.
        folder: where the files are.
    """

    comparison: Comparison
    folder: Path

    @property
    def paths(self) -> list[Path]:
        """``comparison.json``, ``comparison.csv`` and ``report.html``."""
        return [self.folder / name for name in ("comparison.json", "comparison.csv", "report.html")]

    def values(self) -> dict[str, dict[str, float]]:
        """Values of measures, by model and measure."""
        return {
            row.model: {name: measured["value"] for name, measured in row.measures.items()}
            for row in self.comparison.rows
        }

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.comparison.images)}</p>{_table(self.comparison)}{_findings(self.comparison)}"


def report_html(comparison: Comparison, pictures: dict[str, Sequence[Picture]]) -> str:
    """The report: a table, findings in sentences, and sections of pictures.

    Args:
        comparison: the models and their measures.
        pictures: by section title.
    """
    title = f"{len(comparison.rows)} models of {comparison.data}"
    sections = "".join(
        f"<h2>{escape(name)}</h2>\n{''.join(map(_picture, section))}\n" for name, section in pictures.items() if section
    )
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>Measured on {escape(comparison.images)}, with 95 % intervals. A value is marked as best if its interval overlaps
no other. Click on a column header to sort by it; hover over a header or a dash for an explanation.</p>
<div class="wide">
{_table(comparison)}
</div>
{_unavailable(comparison)}\
<h2>Findings</h2>
{_findings(comparison)}
{sections}<script>{_SCRIPT}</script>
</body>
</html>
"""


def _findings(comparison: Comparison) -> str:
    return "<ul>\n" + "".join(f"<li>{sentence}</li>\n" for sentence in findings_html(comparison)) + "</ul>"


def _table(comparison: Comparison) -> str:
    headers = "".join(_header(name) for name in comparison.names)
    best = {name: comparison.best(name) for name in comparison.names}
    rows = "".join(
        f"<tr><td>{escape(row.model)}<small>{escape(row.about)}</small></td>{_cost(row)}"
        f"{''.join(_cell(row, name, is_best=best[name] is row) for name in comparison.names)}</tr>\n"
        for row in comparison.rows
    )
    cost = "<th>parameters</th><th>training<small>CPU minutes</small></th>"
    return f"<table>\n<thead><tr><th>model</th>{cost}{headers}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"


def _unavailable(comparison: Comparison) -> str:
    """The measures that the table has no column for, with reasons."""
    return "".join(
        f"<p>Unavailable: {escape(', '.join(names))} ({escape(reason)}).</p>\n"
        for reason, names in comparison.unavailable.items()
    )


def _header(name: str) -> str:
    info = info_of(name)
    direction = {"lower": "lower is better", "higher": "higher is better", None: ""}[info.better]
    hint = ", ".join(part for part in (info.unit, direction) if part)
    return f'<th><abbr title="{escape(info.definition)}">{escape(info.title)}</abbr><small>{escape(hint)}</small></th>'


def _cost(row: Row) -> str:
    parameters, seconds = row.cost.get("parameters"), row.cost.get("cpu_seconds")
    cells = []
    for value, text in ((parameters, f"{parameters:,}" if parameters else ""), (seconds, f"{(seconds or 0) / 60:.1f}")):
        cells.append('<td title="unknown">–</td>' if value is None else f'<td data-value="{value}">{text}</td>')
    return "".join(cells)


def _cell(row: Row, name: str, *, is_best: bool) -> str:
    measured = row.measures.get(name)
    if measured is None:
        return f'<td title="{escape(row.unavailable.get(name, "not measured"))}">–</td>'
    interval = f"{measured['low']:.4g} … {measured['high']:.4g}"
    mark = ' class="best"' if is_best else ""
    title, value = f"{interval}, {measured['n']:,} images", format_value(measured)
    return f'<td{mark} data-value="{measured["value"]}" title="{title}">{value}<small>{interval}</small></td>'


def _picture(picture: Picture) -> str:
    image = png_html(picture.png, alt=picture.caption)
    return f"<figure>{image}<figcaption>{escape(picture.caption)}</figcaption></figure>\n"
