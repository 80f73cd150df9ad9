"""The table of measures in a report and in notebooks."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from measuring import TEN_CLASSES, measured, row

from genera.evaluation.measures import info_of
from genera.evaluation.results.measure_table import measure_table
from genera.evaluation.results.rows import Row


class Cells(HTMLParser):
    """The rows of a table: text, small print and classes of its cells; its tags must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append({"text": "", "small": "", **{name: value or "" for name, value in attrs}})
        if tag != "wbr":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"th", "td"} & set(self.open):
            self.rows[-1][-1]["small" if self.open[-1] == "small" else "text"] += data

    def line(self, title: str) -> list[dict[str, str]]:
        (found,) = [cells for cells in self.rows if cells[0]["text"] == title]
        return found

    def column(self, index: int) -> list[str]:
        return [cells[index]["text"] for cells in self.rows]


ROWS = [
    Row(
        "a_long/name",
        "flow on digits",
        {
            "bits_per_dim@8": measured(1.0, n=200),
            "fd[lenet]": measured(5, 1, references={"uniform noise": 90.0, "validation images": 2.123}),
            "modes": measured(8, references=TEN_CLASSES),
        },
        {"mse": "flows are exact"},
        {"parameters": 1_234_567, "cpu_seconds": 90},
    ),
    Row(
        "b",
        "AE on digits",
        {
            "mse": measured(0.25, 0.01),
            "fd[lenet]": measured(7, 0.011, references={"validation images": 2.123}),
            "modes": measured(10, 0, references=TEN_CLASSES),
            "samples_per_second": measured(3_000, 500),
        },
        {"bits_per_dim@8": "AE has no <likelihood>"},
        {},
    ),
]


def test_measures_are_rows_in_groups_and_models_are_columns() -> None:
    table = Cells(measure_table(ROWS))
    assert [cells["text"] for cells in table.rows[0]] == ["", "a_long/name", "b", "real images"]
    assert table.column(0) == [
        "",
        "likelihood",
        "bits/dim, 8 importance samples",
        "sample quality",
        "FD[lenet]",
        "coverage",
        "modes",
        "reconstruction",
        "MSE",
        "cost",
        "parameters",
        "CPU minutes of training",
        "samples per second",
    ]
    assert [(cells["text"], cells["small"]) for cells in table.line("FD[lenet]")] == [
        ("FD[lenet]", "lower is better"),
        ("5", "4 … 6"),
        ("7.00", "6.99 … 7.01"),
        ("2.12", ""),
    ]
    assert [cells["text"] for cells in table.line("parameters")[1:]] == ["1,234,567", "–", ""]
    assert [cells["text"] for cells in table.line("CPU minutes of training")[1:]] == ["1.5", "–", ""]
    # A long name may continue after any part of it.
    assert "a_<wbr>long/<wbr>name" in measure_table(ROWS)


def test_real_images_have_one_value_where_all_models_were_compared_with_the_same() -> None:
    def real(first: float, second: float) -> str:
        rows = [
            row(name, fd=measured(5, references={"validation images": value}))
            for name, value in (("a", first), ("b", second))
        ]
        return Cells(measure_table(rows)).line("FD[lenet]")[-1]["text"]

    assert real(2.0, 2.0) == real(2.0, 2.0 + 1e-6) == "2.0"
    assert real(2.0, 2.1) == ""


def test_the_best_is_marked_and_a_dash_has_its_reason() -> None:
    table = Cells(measure_table(ROWS, best=lambda name: ROWS[1] if name == "modes" else None))
    marked = [cells for cells in table.rows for cell in cells if cell.get("class") == "best"]
    assert marked == [table.line("modes")]
    assert table.line("modes")[2]["class"] == "best"
    dash = table.line("bits/dim, 8 importance samples")[2]
    assert (dash["text"], dash["title"]) == ("–", "AE has no <likelihood>")
    assert "AE has no &lt;likelihood&gt;; flows are exact" not in measure_table(ROWS)
    assert "<dd>flows are exact; AE has no &lt;likelihood&gt;</dd>" in measure_table(ROWS).replace("\n", "")


def test_an_unusual_number_of_images_is_stated() -> None:
    text = measure_table(ROWS)
    table = Cells(text)
    assert "n = 10 images where a measure states no other number" in text
    assert [cells[0]["text"] for cells in table.rows if "n = " in cells[0]["small"]] == [
        "bits/dim, 8 importance samples"
    ]
    assert table.line("bits/dim, 8 importance samples")[0]["small"] == "bits · lower is better · n = 200"
    mixed = [row("a", mse=measured(1, n=5)), row("b", mse=measured(1, n=300), psnr=measured(1, n=300))]
    assert Cells(measure_table(mixed)).line("MSE")[0]["small"] == "lower is better · n = 5 … 300"


def test_real_images_have_a_column_where_all_models_have_the_same_reference() -> None:
    assert [cells["text"] for cells in Cells(measure_table([row("a", mse=measured(1))])).rows[0]] == ["", "a"]
    table = Cells(measure_table(ROWS))
    assert table.rows[0][-1]["small"] == "validation images"
    assert all(len(cells) == 4 for cells in table.rows)
    assert table.line("MSE")[-1]["text"] == ""
    differing = [
        row(name, sharpness=measured(1, references={"test images": real})) for name, real in (("a", 1), ("b", 2))
    ]
    assert Cells(measure_table(differing)).line("sharpness")[-1]["text"] == ""
    # Each names its source if there are several.
    several = [
        row("a", fd=measured(5, references={"validation images": 2}), cas=measured(0.9, references={"train images": 1}))
    ]
    assert Cells(measure_table(several)).line("CAS")[-1]["small"] == "train images"


def test_every_measure_is_defined_once_on_paper_and_on_hover() -> None:
    rows = [Row("a", "", {"fd[lenet]": measured(1), "fd[random]": measured(1), "mse": measured(1)}, {}, {})]
    text = measure_table(rows)
    assert re.findall("<dt>(.*)</dt>", text) == ["FD[lenet], FD[random]", "MSE"]
    assert text.count(f"<dd>{info_of('fd[lenet]').definition}</dd>") == 1
    assert text.count(f'<abbr title="{info_of("fd[lenet]").definition}">') == 2


def test_measures_that_no_model_has_are_unavailable_for_a_reason() -> None:
    small = {"fd[lenet]": "too small", "kid[lenet]": "too small"}
    rows = [
        row("a", {**small, "accuracy": "VAE is no classifier"}, mse=measured(1)),
        row("b", {**small, "accuracy": "GAN is no classifier", "mse": "no encoder"}),
    ]
    text = measure_table(rows)
    assert "<p>Unavailable: fd[lenet], kid[lenet] (too small).</p>" in text
    assert "<p>Unavailable: accuracy (VAE is no classifier; GAN is no classifier).</p>" in text
    assert text.count("Unavailable:") == 2
    # Nothing was measured at all.
    assert "accuracy (no)" in measure_table([row("a", {"accuracy": "no"})])
