"""The order of measures and the best models of a comparison, for several values."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from measuring import IMAGES, TEN_CLASSES, compared, comparison, measured, row

from genera.evaluation.measures import info_of
from genera.evaluation.results.rows import Row
from genera.reporting.comparison import Comparison


def test_the_order_of_measures_does_not_depend_on_the_order_of_models() -> None:
    rows = [
        Row("a", "", {"fd[random]": measured(1), "kid[lenet]": measured(1), "bits_per_dim@128": measured(1)}, {}, {}),
        Row("c", "", {"fd[lenet]": measured(1)}, {}, {}),
        Row(
            "b",
            "",
            {"bits_per_dim@1": measured(1), "bits_per_dim@8": measured(1), "mse": measured(1)},
            {"kid[lenet]": "no"},
            {},
        ),
    ]
    likelihoods = ["bits_per_dim@1", "bits_per_dim@8", "bits_per_dim@128"]
    for order in (rows, rows[::-1]):
        names = Comparison("digits", "test", order, IMAGES).names
        assert names == [*likelihoods, "fd[lenet]", "fd[random]", "kid[lenet]", "mse"]


@pytest.mark.parametrize(("measure", "best"), [("mse", "model a"), ("ssim", "model b")])
def test_the_best_is_marked_only_if_intervals_do_not_overlap(measure: str, best: str) -> None:
    apart = comparison(measure, measured(1.0), measured(1.5))
    row = apart.best(measure)
    assert row is not None
    assert row.model == best
    assert comparison(measure, measured(1.0), measured(1.19)).best(measure) is None
    assert comparison(measure, measured(1.0)).best(measure) is None
    # For some measures neither lower nor higher values are better.
    assert comparison("sharpness", measured(1.0), measured(5.0)).best("sharpness") is None


def test_the_interval_of_the_best_must_overlap_no_other() -> None:
    """Not only that of the second: a wide interval of a worse model may overlap it."""
    assert comparison("mse", measured(1.0), measured(1.5), measured(2.0, margin=1.5)).best("mse") is None


def test_equal_values_have_no_best() -> None:
    assert comparison("mse", measured(1.0, 0), measured(1.0, 0), measured(2.0, 0)).best("mse") is None


@pytest.mark.parametrize(
    "broken", [measured(math.nan), measured(-math.inf), {**measured(0.5), "low": -math.inf}, measured(0.5, math.nan)]
)
def test_a_value_that_is_not_finite_is_not_ranked(broken: dict[str, Any]) -> None:
    broken_first = comparison("mse", broken, measured(1.0), measured(1.5))
    assert [row.model for row in broken_first.ranked("mse")] == ["model b", "model c"]
    assert broken_first.best("mse") is broken_first.rows[1]
    # Nothing is left to compare it with.
    assert comparison("mse", broken, measured(1.0)).best("mse") is None


@pytest.mark.parametrize(
    ("modes", "is_marked"),
    [
        ({"modes": measured(10, 0, references=TEN_CLASSES)}, True),
        ({"modes": measured(1, 0, references=TEN_CLASSES)}, False),
        ({"modes": measured(9.8, 0.1, references={"validation images": 10.0})}, False),
        # Without the reference of real images, or without the measure, it is unknown.
        ({"modes": measured(10, 0)}, False),
        ({}, False),
    ],
)
def test_a_model_of_one_class_is_not_the_best_by_recognised(modes: dict[str, Any], is_marked: bool) -> None:
    single, complete = row("single", recognised=measured(1.0, 0), **modes), row("all", recognised=measured(0.9, 0.01))
    best = compared(complete, single).best("recognised")
    assert (best is single) == is_marked
    assert best is not complete
    assert "all classes" in info_of("recognised").definition


def test_the_files_of_a_comparison_have_every_value_with_its_interval_and_number_of_images() -> None:
    rows = [row("a", {"fd[lenet]": "no samples"}, mse=measured(1.0)), row("b", mse=measured(2.0), fd=measured(3.0))]
    content = json.loads(compared(*rows).as_json())
    assert list(content) == ["data", "split", "images", "models", "best"]
    assert list(content["models"][0]) == ["model", "about", "measures", "unavailable", "cost", "data"]
    assert content["models"][1]["measures"]["fd[lenet]"] == measured(3.0)
    assert content["best"] == {"mse": "a"}
    table = list(csv.DictReader(io.StringIO(compared(*rows).as_csv())))
    assert [(line["model"], line["measure"], line["images"]) for line in table] == [
        ("a", "mse", "10"),
        ("b", "mse", "10"),
        ("b", "fd[lenet]", "10"),
    ]
    assert [float(table[2][end]) for end in ("low", "value", "high")] == [2.89, 3.0, 3.11]
