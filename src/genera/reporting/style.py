"""How our figures look: legible, colour-blind safe, PNG and SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cycler import cycler
from matplotlib import rc_context
from matplotlib.figure import Figure

from genera.core.files import write_atomically

#: Okabe & Ito (2008): eight colours that people with any kind of colour vision tell apart, without yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


@contextmanager
def style() -> Iterator[None]:
    """Our settings of matplotlib, within this block."""
    settings: Any = {
        "figure.dpi": 150,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "axes.prop_cycle": cycler(color=list(COLOURS)),
        "legend.frameon": False,
        # Text stays text, and the same figure gives the same bytes.
        "svg.fonttype": "none",
        "svg.hashsalt": "genera",
    }
    with rc_context(settings):
        yield


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write ``STEM.png`` and ``STEM.svg``.

    Returns:
        The files.

    Raises:
        OSError: the folder cannot be written.
    """
    paths = []
    for kind in ("png", "svg"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
        path = stem.with_name(f"{stem.name}.{kind}")
        write_atomically(path, buffer.getvalue())
        paths.append(path)
    return paths
