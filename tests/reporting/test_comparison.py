"""What a comparison marks and says, and that it says something else of other figures."""

from __future__ import annotations

from typing import Any

import pytest

from genera.evaluation import default_measures
from genera.reporting.comparison import Comparison, Row, shown
from genera.reporting.findings import sentences
from genera.reporting.measure_info import info_of
from genera.reporting.report import report_html

IMAGES = "360 test images of digits (0123abcd)"


def found(value: float, margin: float = 0.1, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": value - margin, "high": value + margin, "n": 10, **more}


def comparison(measure: str, *figures: dict[str, Any]) -> Comparison:
    rows = [
        Row(f"model {letter}", "", {measure: figure}, {}, {}) for letter, figure in zip("abc", figures, strict=False)
    ]
    return Comparison("digits", "test", rows, IMAGES)


def said(of: Comparison) -> str:
    return " ".join(sentences(of))


def test_every_measure_has_a_card() -> None:
    for name in default_measures():
        info = info_of(name)
        assert info.title
        assert info.definition
    assert info_of("bits_per_dim@8").title == "bits/dim, 8 importance samples"
    assert info_of("fd[random]").title == "FD[random]"


def test_columns_are_ordered_whichever_model_comes_first() -> None:
    rows = [
        Row("a", "", {"fd[random]": found(1), "kid[lenet]": found(1), "bits_per_dim@128": found(1)}, {}, {}),
        Row("c", "", {"fd[lenet]": found(1)}, {}, {}),
        Row(
            "b", "", {"bits_per_dim@1": found(1), "bits_per_dim@8": found(1), "mse": found(1)}, {"kid[lenet]": "no"}, {}
        ),
    ]
    of_likelihood = ["bits_per_dim@1", "bits_per_dim@8", "bits_per_dim@128"]
    for order in (rows, rows[::-1]):
        names = Comparison("digits", "test", order, IMAGES).names
        assert names == [*of_likelihood, "mse", "fd[lenet]", "fd[random]", "kid[lenet]"]


@pytest.mark.parametrize(("measure", "best"), [("mse", "model a"), ("ssim", "model b")])
def test_the_best_is_marked_only_where_intervals_do_not_meet(measure: str, best: str) -> None:
    apart = comparison(measure, found(1.0), found(1.5))
    row = apart.best(measure)
    assert row is not None
    assert row.model == best
    assert comparison(measure, found(1.0), found(1.19)).best(measure) is None
    assert comparison(measure, found(1.0)).best(measure) is None
    # What is to be like real images has no best.
    assert comparison("sharpness", found(1.0), found(5.0)).best("sharpness") is None


def test_the_best_must_be_apart_from_all_others() -> None:
    """Not only from the second: a wide interval further off may reach as far."""
    assert comparison("mse", found(1.0), found(1.5), found(2.0, margin=1.5)).best("mse") is None


@pytest.mark.parametrize(
    ("modes", "is_marked"),
    [
        ({"modes": found(10, 0, references={"validation images": 10.0, "uniform noise": 1.0})}, True),
        ({"modes": found(1, 0, references={"validation images": 10.0, "uniform noise": 1.0})}, False),
        ({"modes": found(9.8, 0.1, references={"validation images": 10.0})}, False),
        # Without images to compare with, and where nobody counted, one cannot tell.
        ({"modes": found(10, 0)}, False),
        ({}, False),
    ],
)
def test_what_draws_one_class_alone_is_not_the_best_recognised(modes: dict[str, Any], is_marked: bool) -> None:
    blank = Row("blank", "", {"recognised": found(1.0, 0), **modes}, {}, {})
    honest = Row("honest", "", {"recognised": found(0.9, 0.01)}, {}, {})
    best = Comparison("digits", "test", [honest, blank], IMAGES).best("recognised")
    assert (best is blank) == is_marked
    assert best is not honest
    assert "all classes" in info_of("recognised").definition


def test_what_no_model_has_is_left_out_for_a_reason() -> None:
    small = {"fd[lenet]": "too small", "kid[lenet]": "too small"}
    rows = [
        Row("a", "", {"mse": found(1)}, {**small, "accuracy": "VAE tells no classes"}, {}),
        Row("b", "", {}, {**small, "accuracy": "GAN tells no classes", "mse": "GAN has no encoder"}, {}),
    ]
    comparison = Comparison("digits", "test", rows, IMAGES)
    assert comparison.left_out == {
        "too small": ["fd[lenet]", "kid[lenet]"],
        "VAE tells no classes; GAN tells no classes": ["accuracy"],
    }
    assert "<p>Left out fd[lenet], kid[lenet]: too small.</p>" in report_html(comparison, {})


def test_a_sentence_names_the_best_and_follows_the_figures() -> None:
    assert "<b>model a</b> rebuilds images most exactly (MSE 1.0 against 1.5 of <b>model b</b>" in said(
        comparison("mse", found(1.0), found(1.5))
    )
    assert "<b>model b</b> rebuilds images most exactly" in said(comparison("mse", found(2.0), found(1.5)))
    assert "MSE: which model is best these figures do not tell" in said(comparison("mse", found(1.5), found(1.5)))
    assert not said(comparison("mse", found(1.5)))


def test_sentences_about_one_model() -> None:
    for value, words in ((0.6, "are blurred"), (1.5, "are noisier than images"), (1.05, "")):
        text = said(comparison("sharpness", found(value)))
        assert words in text
        assert bool(text) == bool(words)
    for value, words in ((0.8, "nearer to training images"), (0.63, "")):
        assert bool(said(comparison("memorisation", found(value)))) == bool(words)
    for value, words in ((7, "leaves classes out: it draws 7"), (10, "")):
        text = said(comparison("modes", found(value, 0, references={"validation images": 10.0})))
        assert words in text
        assert bool(text) == bool(words)
    row = Row("<model>", "", {"mse": found(1)}, {"bits_per_dim@1": "GAN has no likelihood"}, {})
    assert "<b>&lt;model&gt;</b> cannot say how probable an image is: GAN has no likelihood." in said(
        Comparison("digits", "test", [row], IMAGES)
    )


def test_digits_that_mean_something() -> None:
    assert shown(found(1234.5678, 300)) == "1,235"
    assert shown(found(1.23456, 0.05)) == "1.23"
    assert shown(found(1.23456, 0.0005)) == "1.2346"
    assert shown(found(10.0, 0.0)) == "10"
