"""Style of figures: legible, colour-blind safe, PNG and SVG."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
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


#: matplotlib has one set of settings for all threads.
_LOCK = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Context manager with the settings of matplotlib for all figures."""
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
        # Keep text as text, and make files reproducible.
        "svg.fonttype": "none",
        "svg.hashsalt": "genera",
    }
    with _LOCK, rc_context(settings):
        yield


def show_picture(axes: Axes, picture: Image.Image, title: str, *, fontsize: int = 10) -> None:
    """Show a picture without axes, and a title above it."""
    axes.imshow(np.asarray(picture), cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=fontsize)
    axes.axis("off")


def picture_figure(picture: Image.Image, title: str, size: tuple[float, float] | None = None) -> Figure:
    """A figure of one picture; without ``size`` it is 5 inches wide, and as high as the picture needs."""
    figure = Figure(figsize=size or (5, 0.4 + 5 * picture.height / picture.width))
    show_picture(figure.add_subplot(), picture, title)
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
