"""Style of figures: legible, colour-blind safe, PNG and SVG."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from genera.core.files import png_html, write_atomically

#: Colour-blind safe colours of Okabe & Ito (2008), without yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
#: Pixels per inch of PNG files.
_DPI = 150
#: Approximate width of a figure of one picture, in pixels.
_PICTURE_WIDTH = 1020
#: matplotlib has one set of settings for all threads.
_LOCK = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Context manager with the settings of matplotlib for all figures."""
    settings: Any = {
        "figure.dpi": _DPI,
        "figure.constrained_layout.use": True,
        # Nothing outside the axes is cut off, however long a title or label is.
        "savefig.bbox": "tight",
        "savefig.pad_inches": 0.05,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "axes.prop_cycle": cycler(color=list(COLOURS)),
        "legend.frameon": False,
        # Keep text as text, and make files reproducible.
        "svg.fonttype": "none",
        "svg.hashsalt": "genera",
    }
    with _LOCK, rc_context(settings):
        yield


def show_picture(axes: Axes, picture: Image.Image, *, rows: Sequence[str] = (), columns: Sequence[str] = ()) -> None:
    """Show a picture in place of axes, with labels of its rows and columns, which are of equal size."""
    axes.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks(_centers(len(columns), picture.width), columns)
    axes.set_yticks(_centers(len(rows), picture.height), rows)
    axes.tick_params(length=0, labelsize=8)
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _centers(count: int, size: int) -> list[float]:
    """Centers of equal parts of a side of ``size`` pixels, in the coordinates of an image."""
    return [(index + 0.5) * size / count - 0.5 for index in range(count)]


def picture_figure(picture: Image.Image, *, rows: Sequence[str] = (), columns: Sequence[str] = ()) -> Figure:
    """A figure of one picture, which is enlarged by an integer, so that its pixels stay sharp and of equal size."""
    scale = max(1, round(_PICTURE_WIDTH / picture.width)) / _DPI
    figure = Figure(figsize=(scale * picture.width, scale * picture.height), dpi=_DPI)
    figure.set_layout_engine("none")
    show_picture(figure.add_axes((0, 0, 1, 1), aspect="auto"), picture, rows=rows, columns=columns)
    return figure


def legend_above(axes: Axes) -> None:
    """Put the legend in a line above the axes, where it hides no curve."""
    axes.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=3)


def titled(figure: Figure, title: str) -> Figure:
    """The figure with a title above it."""
    figure.suptitle(title, y=1, verticalalignment="bottom", fontsize=10)
    return figure


class FigureFiles(list[Path]):
    """Paths of figures; a notebook shows the pictures."""

    def _repr_html_(self) -> str:
        return "".join(png_html(path.read_bytes(), alt=path.stem) for path in self if path.suffix == ".png")


def to_png(figure: Figure) -> bytes:
    """The content of a PNG file of the figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write ``STEM.png`` and ``STEM.svg``.

    Returns:
        The paths of the files.

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
