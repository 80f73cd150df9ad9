"""The report: its questions, and what a notebook shows of it."""

from __future__ import annotations

import io
from pathlib import Path

from measuring import compared, measured, row
from PIL import Image

from genera.reporting.html_report import Picture, Report, report_html


def test_pictures_are_shown_by_the_question_they_answer() -> None:
    titles = ("Training", "Something new", "Reconstructions", "Nearest training images", "Samples", "Interpolations")
    png = io.BytesIO()
    Image.new("L", (300, 100)).save(png, "PNG")
    pictures = {title: [Picture(png.getvalue(), f"Caption of <{title}>")] for title in titles}
    text = report_html(
        compared(row("a", mse=measured(1)), row("b", mse=measured(2))), pictures | {"Quality and cost": []}
    )
    headings = [part.partition("</h2>")[0] for part in text.split("<h2>")[1:]]
    assert headings == [
        "In short",
        "What do the samples look like?",
        "Does it copy its training images?",
        "How well does it reconstruct images?",
        "What lies between two images?",
        "How did it train?",
        "Something new",
    ]
    # Half as wide as they are, for screens with many pixels.
    assert text.count('<figure style="width: 150.0px"><img ') == len(titles)
    assert "<figcaption>Caption of &lt;Training&gt;</figcaption>" in text


def test_the_report_and_a_notebook_show_the_same_table() -> None:
    comparison = compared(row("a", mse=measured(1)), row("b<c>", mse=measured(2)))
    page, shown = report_html(comparison, {}), Report(comparison, Path("folder"))._repr_html_()
    table = shown[shown.index("<table") : shown.index("</table>")]
    assert table in page
    assert "<b>a</b> reconstructs images best" in shown
    assert "b<c>" not in page + shown
    # It needs no script.
    assert "<script" not in page
    # Without anything to say there is no heading either.
    assert "In short" in page
    assert "In short" not in report_html(compared(row("a", mse=measured(1))), {})
