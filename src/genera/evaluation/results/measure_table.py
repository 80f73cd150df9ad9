"""The measures of one or several models as an HTML table, measures in rows and models in columns."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from statistics import mode

from genera.evaluation.measures import info_of
from genera.evaluation.results.rows import (
    Row,
    format_interval,
    format_reference,
    format_value,
    groups_of,
    reference_of,
    unavailable_by_reason,
)

# A notebook may be dark, so the colours of text and background are both set.
_STYLE = """
.measures { color: #1a1a1a; background: #fff; font: 15px/1.35 system-ui, sans-serif }
.measures .scroll { overflow-x: auto }
.measures table { border-collapse: collapse; table-layout: fixed; margin: 0; font-variant-numeric: tabular-nums;
  width: min(100%, calc(15rem + var(--columns) * 10rem)); min-width: calc(9.5rem + var(--columns) * 6.4rem) }
.measures th, .measures td { padding: .3rem .5rem; text-align: right; vertical-align: top; font-weight: normal;
  color: #1a1a1a; background: #fff; border-bottom: 1px solid #e4e4e4; white-space: normal; overflow-wrap: anywhere }
.measures th:first-child { width: 13.5rem; text-align: left; position: sticky; left: 0; z-index: 1 }
.measures thead th { font-weight: 600; vertical-align: bottom; border-bottom: 2px solid #555 }
.measures th.group { font-weight: 600; padding-top: 1.1rem; border-bottom: 1px solid #999; color: #0b4f79 }
.measures td.group { padding-top: 1.1rem; vertical-align: bottom; border-bottom: 1px solid #999 }
.measures .group span { display: none; font-size: 11.5px; color: #595959 }
.measures small { display: block; font-size: 11.5px; font-weight: normal; color: #595959 }
.measures .best { font-weight: 700; background: #dcecf7 }
.measures .real, .measures thead .real { color: #595959; font-weight: normal }
.measures abbr { text-decoration: underline dotted #888; text-underline-offset: 3px; cursor: help }
.measures p, .measures details { font-size: 13.5px; color: #444; margin: .6rem 0 } .measures p { max-width: 60rem }
.measures summary { cursor: pointer } .measures dt { font-weight: 600 } .measures dd { margin: 0 0 .35rem 1rem }
.measures dl { columns: 24rem; column-gap: 2rem }
@media (max-width: 50rem) {
  .measures th:first-child { width: 8.5rem } .measures .group span { display: inline }
}
@media print {
  .measures { font-size: 12px } .measures .scroll { overflow: visible } .measures table { min-width: 0; width: 100% }
  .measures th, .measures td { padding: .15rem .3rem } .measures small { font-size: 9.5px }
  .measures th:first-child { width: 9rem; position: static } .measures .group span { display: none }
  .measures tr, .measures dd { break-inside: avoid } .measures dt, .measures tr:has(.group) { break-after: avoid }
  .measures .best { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .measures details::details-content { content-visibility: visible; height: auto }
}
"""
#: Columns that fit next to each other on a wide screen.
_FIT = 10
_BETTER = {"lower": "lower is better", "higher": "higher is better", None: ""}


def measure_table(rows: Sequence[Row], *, best: Callable[[str], Row | None] = lambda name: None) -> str:
    """The table, with a column of real images where there are references, and the definitions of the measures.

    Args:
        rows: the models.
        best: the model to mark as best by a measure, if any.
    """
    counts = [measured["n"] for row in rows for measured in row.measures.values()]
    usual = mode(counts) if counts else 0
    lines = _lines(rows, best=best, usual=usual)
    head, *body = (f"<tr>{''.join(cells)}</tr>\n" for cells in lines)
    columns = len(lines[0]) - 1
    return f"""\
<style>{_STYLE}</style>
<div class="measures">
<div class="scroll{" many" * (columns > _FIT)}"><table style="--columns: {columns}">
<thead>{head}</thead>
<tbody>
{"".join(body)}</tbody>
</table></div>
<p>Beneath each value is its 95 % interval. n = {usual:,} images where a measure states no other number.</p>
{_unavailable(rows)}{_definitions(rows)}</div>
"""


def _lines(rows: Sequence[Row], *, best: Callable[[str], Row | None], usual: int) -> list[list[str]]:
    """The cells of every line: the models, then each group with its measures."""
    measured = (fields for row in rows for fields in row.measures.values())
    sources = {source: None for fields in measured if (source := format_reference(fields)[0])}
    # If all references are of the same images, the head of the column says so, otherwise every cell.
    source = "".join(sources) if len(sources) == 1 else ""
    models = (f'<th scope="col">{_breakable(row.model)}<small>{_breakable(row.about)}</small></th>' for row in rows)
    lines = [["<th></th>", *models, f'<th scope="col" class="real">real images<small>{escape(source)}</small></th>']]
    for group, names in groups_of(rows).items():
        repeated = (f'<td class="group"><span>{_breakable(row.model)}</span></td>' for row in rows)
        lines.append([f'<th scope="rowgroup" class="group">{group}</th>', *repeated, '<td class="group"></td>'])
        lines += _cost_lines(rows) if group == "cost" else []
        for name in names:
            cells = (_cell(row, name, is_best=best(name) is row) for row in rows)
            lines.append([_title(name, rows, usual=usual), *cells, _reference(name, rows, with_source=not source)])
    return lines if sources else [cells[:-1] for cells in lines]


def _title(name: str, rows: Sequence[Row], *, usual: int) -> str:
    """The title of a measure with its definition, unit and direction, and its number of images if that is unusual."""
    info = info_of(name)
    counts = sorted({row.measures[name]["n"] for row in rows if name in row.measures})
    count = "" if counts == [usual] else f"n = {' … '.join(f'{n:,}' for n in dict.fromkeys((counts[0], counts[-1])))}"
    hint = " · ".join(part for part in (info.unit, _BETTER[info.better], count) if part)
    title = f'<abbr title="{escape(info.definition)}">{_breakable(info.title)}</abbr>'
    return f'<th scope="row">{title}<small>{hint}</small></th>'


def _cell(row: Row, name: str, *, is_best: bool) -> str:
    measured = row.measures.get(name)
    if measured is None:
        return f'<td title="{escape(row.unavailable.get(name, "not measured"))}">–</td>'
    mark = ' class="best"' if is_best else ""
    value, interval = format_value(measured), format_interval(measured)
    return f'<td{mark} title="{measured["n"]:,} images">{value}<small>{interval}</small></td>'


def _reference(name: str, rows: Sequence[Row], *, with_source: bool) -> str:
    """The value of real images, with the digits of the most precise model, if it is the same for all models."""
    measured = [row.measures[name] for row in rows if name in row.measures]
    names, values = zip(*(reference_of(fields) or ("", math.nan) for fields in measured), strict=True)
    # Values of the same images differ by rounding if other processors computed them.
    if {*names} != {names[0]} or not all(math.isclose(value, values[0], rel_tol=1e-3) for value in values):
        return '<td class="real"></td>'
    source, value = max(map(format_reference, measured), key=lambda texts: len(texts[1]))
    return f'<td class="real">{value}{f"<small>{escape(source)}</small>" if with_source else ""}</td>'


def _cost_lines(rows: Sequence[Row]) -> Iterator[list[str]]:
    """What the trainings cost."""
    for title in dict.fromkeys(title for row in rows for title in row.cost_texts):
        texts = (row.cost_texts.get(title) for row in rows)
        cells = ('<td title="unknown">–</td>' if text is None else f"<td>{text}</td>" for text in texts)
        yield [f'<th scope="row">{title}</th>', *cells, '<td class="real"></td>']


def _unavailable(rows: Sequence[Row]) -> str:
    """The measures that the table has no line for, with reasons."""
    return "".join(
        f"<p>Unavailable: {escape(', '.join(names))} ({escape(reason)}).</p>\n"
        for reason, names in unavailable_by_reason(rows).items()
    )


def _definitions(rows: Sequence[Row]) -> str:
    """A list of what the measures and the dashes mean, folded on a screen and open on paper."""
    names = [name for group in groups_of(rows).values() for name in group]
    titles: dict[str, list[str]] = {}
    for name in names:
        titles.setdefault(info_of(name).definition, []).append(info_of(name).title)
    reasons = dict.fromkeys(row.unavailable[name] for row in rows for name in names if name in row.unavailable)
    entries = [(", ".join(of), definition) for definition, of in titles.items()]
    entries += [("– (a dash)", "; ".join(reasons))] if reasons else []
    terms = "".join(f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>\n" for term, meaning in entries)
    return f"<details><summary>What the measures mean</summary>\n<dl>\n{terms}</dl></details>\n"


def _breakable(text: str) -> str:
    """Text that may continue on another line within a long name."""
    return re.sub(r"([_/])|(?=\[)", r"\1<wbr>", escape(text))
