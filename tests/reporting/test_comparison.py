"""The best models and the findings of a comparison, for several values."""

from __future__ import annotations

from typing import Any

import pytest

from genera.evaluation import default_measures
from genera.reporting.comparison import Comparison, Row, format_value
from genera.reporting.findings import findings_html
from genera.reporting.html_report import report_html
from genera.reporting.measure_info import info_of

IMAGES = "360 test images of digits (0123abcd)"


def measured(value: float, margin: float = 0.1, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": value - margin, "high": value + margin, "n": 10, **more}


def comparison(measure: str, *values: dict[str, Any]) -> Comparison:
    rows = [Row(f"model {letter}", "", {measure: value}, {}, {}) for letter, value in zip("abc", values, strict=False)]
    return Comparison("digits", "test", rows, IMAGES)


def findings(comparison: Comparison) -> str:
    return " ".join(findings_html(comparison))


def test_every_measure_has_an_info() -> None:
    for name in default_measures():
        info = info_of(name)
        assert info.title
        assert info.definition
    assert info_of("bits_per_dim@8").title == "bits/dim, 8 importance samples"
    assert info_of("fd[random]").title == "FD[random]"


def test_the_order_of_columns_does_not_depend_on_the_order_of_models() -> None:
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
        assert names == [*likelihoods, "mse", "fd[lenet]", "fd[random]", "kid[lenet]"]


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


@pytest.mark.parametrize(
    ("modes", "is_marked"),
    [
        ({"modes": measured(10, 0, references={"validation images": 10.0, "uniform noise": 1.0})}, True),
        ({"modes": measured(1, 0, references={"validation images": 10.0, "uniform noise": 1.0})}, False),
        ({"modes": measured(9.8, 0.1, references={"validation images": 10.0})}, False),
        # Without the reference of real images, or without the measure, it is unknown.
        ({"modes": measured(10, 0)}, False),
        ({}, False),
    ],
)
def test_a_model_of_one_class_is_not_the_best_by_recognised(modes: dict[str, Any], is_marked: bool) -> None:
    single = Row("single", "", {"recognised": measured(1.0, 0), **modes}, {}, {})
    complete = Row("complete", "", {"recognised": measured(0.9, 0.01)}, {}, {})
    best = Comparison("digits", "test", [complete, single], IMAGES).best("recognised")
    assert (best is single) == is_marked
    assert best is not complete
    assert "all classes" in info_of("recognised").definition


def test_measures_that_no_model_has_are_unavailable_for_a_reason() -> None:
    small = {"fd[lenet]": "too small", "kid[lenet]": "too small"}
    rows = [
        Row("a", "", {"mse": measured(1)}, {**small, "accuracy": "VAE is not a classifier"}, {}),
        Row("b", "", {}, {**small, "accuracy": "GAN is not a classifier", "mse": "GAN has no encoder"}, {}),
    ]
    comparison = Comparison("digits", "test", rows, IMAGES)
    assert comparison.unavailable == {
        "too small": ["fd[lenet]", "kid[lenet]"],
        "VAE is not a classifier; GAN is not a classifier": ["accuracy"],
    }
    assert "<p>Unavailable: fd[lenet], kid[lenet] (too small).</p>" in report_html(comparison, {})


def test_a_finding_names_the_best_model() -> None:
    assert (
        "<b>model a</b> reconstructs images with the lowest error (MSE 1.0, next best <b>model b</b> 1.5)"
        in findings(comparison("mse", measured(1.0), measured(1.5)))
    )
    assert "<b>model b</b> reconstructs images with the lowest error" in findings(
        comparison("mse", measured(2.0), measured(1.5))
    )
    assert "MSE: no model is clearly best" in findings(comparison("mse", measured(1.5), measured(1.5)))
    assert not findings(comparison("mse", measured(1.5)))


def test_findings_about_one_model() -> None:
    for value, words in ((0.6, "are blurred"), (1.5, "are noisier than real images"), (1.05, "")):
        text = findings(comparison("sharpness", measured(value)))
        assert words in text
        assert bool(text) == bool(words)
    for value, words in ((0.8, "nearer to training images"), (0.63, "")):
        assert bool(findings(comparison("memorisation", measured(value)))) == bool(words)
    for value, words in ((7, "misses classes: its samples have 7"), (10, "")):
        text = findings(comparison("modes", measured(value, 0, references={"validation images": 10.0})))
        assert words in text
        assert bool(text) == bool(words)
    row = Row("<model>", "", {"mse": measured(1)}, {"bits_per_dim@1": "GAN has no likelihood"}, {})
    assert "<b>&lt;model&gt;</b> cannot compute the likelihood of images (GAN has no likelihood)." in findings(
        Comparison("digits", "test", [row], IMAGES)
    )


def test_values_are_formatted_to_significant_digits() -> None:
    assert format_value(measured(1234.5678, 300)) == "1,235"
    assert format_value(measured(1.23456, 0.05)) == "1.23"
    assert format_value(measured(1.23456, 0.0005)) == "1.2346"
    assert format_value(measured(10.0, 0.0)) == "10"
