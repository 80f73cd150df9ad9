"""A comparison as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from genera.core.files import png_html
from genera.evaluation.results.measure_table import measure_table
from genera.reporting.comparison import Comparison
from genera.reporting.findings import findings_html

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 84rem; padding: 1rem 1.25rem 3rem;
  color: #1a1a1a; background: #fff }
h1 { line-height: 1.2; margin: .5rem 0 } h2 { margin: 2.5rem 0 .75rem; line-height: 1.25 }
p, li { max-width: 60rem } li { margin: .3rem 0 } h1, h2, p, li, figcaption { overflow-wrap: anywhere }
.pictures { display: flex; flex-wrap: wrap; gap: 1.5rem }
figure { margin: 0; max-width: 100%; break-inside: avoid } figcaption { font-size: .875rem; color: #444 }
img { display: block; width: 100% }
@media (min-width: 80rem) {
  .measures .scroll:not(.many) { overflow: visible }
  .measures thead th { position: sticky; top: 0; z-index: 2 } .measures thead th:first-child { z-index: 3 }
}
@media print {
  @page { size: A4 landscape; margin: 12mm } body { padding: 0; font-size: 11pt }
  h2 { break-after: avoid } figure { max-width: 32% } .pictures { gap: 1% }
}
"""
#: The questions that pictures answer, in the order of the report, by the titles of their sections. Sections of other
#: titles follow.
_QUESTIONS = {
    "Samples": "What do the samples look like?",
    "Samples by class": "Does it generate the class that is asked for?",
    "Nearest training images": "Does it copy its training images?",
    "Reconstructions": "How well does it reconstruct images?",
    "Interpolations": "What lies between two images?",
    "Latents": "What do the latents hold?",
    "Likelihood": "Where do the bits go?",
    "Learning curves": "How fast did it learn?",
    "Training": "How did it train?",
    "Quality and cost": "What does quality cost?",
}


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


def report_html(comparison: Comparison, pictures: Mapping[str, Sequence[Picture]]) -> str:
    """The report: a table, findings in sentences, and pictures by the question that they answer.

    Args:
        comparison: the models and their measures.
        pictures: by section title.
    """
    title = f"{len(comparison.rows)} models of {comparison.data}"
    sections = "".join(
        f'<h2>{escape(_QUESTIONS.get(name, name))}</h2>\n<div class="pictures">\n'
        f"{''.join(map(_picture, pictures[name]))}</div>\n"
        for name in sorted(pictures, key=lambda name: [*_QUESTIONS, name].index(name))
        if pictures[name]
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
<p>Measured on {escape(comparison.images)}. A value is marked as best if its interval overlaps no other. Point at a
measure or a dash for an explanation, or open the list below the table.</p>
{_table(comparison)}
{_findings(comparison)}
{sections}</body>
</html>
"""


def _table(comparison: Comparison) -> str:
    return measure_table(comparison.rows, best=comparison.best)


def _findings(comparison: Comparison) -> str:
    sentences = "".join(f"<li>{sentence}</li>\n" for sentence in findings_html(comparison))
    return f"<h2>In short</h2>\n<ul>\n{sentences}</ul>" if sentences else ""


def _picture(picture: Picture) -> str:
    """A figure at half the size of its PNG, which screens of both one and two pixels per CSS pixel show sharply."""
    image, width = png_html(picture.png, alt=picture.caption), Image.open(BytesIO(picture.png)).width / 2
    return f'<figure style="width: {width}px">{image}<figcaption>{escape(picture.caption)}</figcaption></figure>\n'
