"""How an evaluation is printed and displayed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from measuring import measured

from genera.evaluation import Evaluation

MEASURES: dict[str, Any] = {
    "kid[lenet]": measured(9),
    "samples_per_second": measured(300, 20, n=192),
    "bits_per_dim@1": measured(1.25),
    "bits_per_dim@8": measured(1.2),
    "fd[lenet]": measured(21, 1, references={"validation images": 2.23}),
    "coverage[lenet]": measured(0.7),
}
UNAVAILABLE = {"mse": "exact", "psnr": "exact", "accuracy": "no classifier"}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def evaluation(measures: dict[str, Any] = MEASURES, named: list[str] | None = None) -> Evaluation:
    content = {"model": "flow", "measures": measures, "unavailable": UNAVAILABLE}
    return Evaluation(content, "10 test images of digits (0123abcd)", None, named)


def test_the_summary_has_the_measures_that_matter_most() -> None:
    assert evaluation().summary().splitlines() == [
        "flow on 10 test images of digits (0123abcd)",
        "measure          value  95 % interval  images  real images",
        "bits_per_dim@8   1.2    1.1 … 1.3      10",
        "fd[lenet]        21     20 … 22        10      2.2 (validation images)",
        "coverage[lenet]  0.7    0.6 … 0.8      10",
        "3 more measured, 3 unavailable: --all lists them",
    ]


def test_everything_is_printed_with_reasons_by_reason() -> None:
    lines = str(evaluation()).splitlines()
    assert [line.split()[0] for line in lines[2:8]] == [
        "bits_per_dim@1",
        "bits_per_dim@8",
        "fd[lenet]",
        "kid[lenet]",
        "coverage[lenet]",
        "samples_per_second",
    ]
    assert lines[8:] == ["unavailable: mse, psnr (exact)", "unavailable: accuracy (no classifier)"]


def test_measures_that_were_asked_for_are_all_printed() -> None:
    """Others that were measured before are not."""
    asked = evaluation(named=["samples_per_second", "kid[lenet]", "fd[lenet]", "bits_per_dim@1", "mse"])
    lines = asked.summary().splitlines()
    assert [line.split()[0] for line in lines[2:]] == [
        "bits_per_dim@1",
        "fd[lenet]",
        "kid[lenet]",
        "samples_per_second",
        "unavailable:",
    ]
    assert lines[-1] == "unavailable: mse (exact)"
    assert set(re.findall(r"<abbr[^>]*>(.*?)</abbr>", asked._repr_html_().replace("<wbr>", ""))) == {
        "bits/dim, 1 importance sample",
        "FD[lenet]",
        "KID[lenet]",
        "samples per second",
    }


def test_without_any_measure_there_are_only_reasons() -> None:
    assert evaluation({}).summary().splitlines()[1:] == [
        "unavailable: mse, psnr (exact)",
        "unavailable: accuracy (no classifier)",
    ]
    assert "Unavailable: mse, psnr (exact)" in evaluation({})._repr_html_()


def test_a_notebook_shows_values_intervals_and_references() -> None:
    shown = evaluation()._repr_html_()
    assert "flow on 10 test images of digits" in shown
    assert '<td title="10 images">1.2<small>1.1 … 1.3</small></td>' in shown
    assert '<td class="real">2.2</td>' in shown
