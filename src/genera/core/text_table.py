"""Tables of text, for terminals."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence


def terminal_width() -> int:
    """Columns of the terminal; 100 if the output is a file or a pipe."""
    return shutil.get_terminal_size((100, 24)).columns


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned columns, no wider than the terminal: the last cell of a row continues below.

    No-break spaces are printed as spaces, and no line ends there.

    Args:
        rows: cells of equal number; a single cell is a heading, and all other rows are indented if there is one.
    """
    aligned = [row for row in rows if len(row) > 1]
    indent = "  " if len(aligned) < len(rows) else ""
    widths = [max(map(len, column)) for column in zip(*aligned, strict=True)][:-1]
    start = len(indent) + sum(width + 2 for width in widths)
    lines = []
    for *cells, last in rows:
        if not cells:
            lines.append(last)
            continue
        first = indent + "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        parts = textwrap.wrap(
            last, max(terminal_width() - start, 20), break_long_words=False, break_on_hyphens=False
        ) or [""]
        lines += [(" " * start if index else first) + part for index, part in enumerate(parts)]
    return "\n".join(line.rstrip() for line in lines).replace("\N{NO-BREAK SPACE}", " ")
