"""The sentences about a comparison: each follows from the measured values, and changes with them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from measuring import TEN_CLASSES, compared, comparison, measured, row

from genera.reporting.comparison import Comparison
from genera.reporting.findings import findings_html


def findings(comparison: Comparison) -> str:
    return "\n".join(findings_html(comparison)).replace("<b>", "").replace("</b>", "")


@pytest.mark.parametrize(
    ("measure", "better", "worse", "sentence"),
    [
        ("bits_per_dim", 1.0, 1.5, "{best} has the best likelihood: 1.0 bits/dim against 1.5 for {other}."),
        ("fd", 1.0, 1.5, "Samples of {best} are most like real images: FD[lenet] 1.0 against 1.5 for {other}."),
        ("coverage", 0.9, 0.4, "{best} covers the most real images: coverage[lenet] 0.9 against 0.4 for {other}."),
        ("mse", 1.0, 1.5, "{best} reconstructs images best: MSE 1.0 against 1.5 for {other}."),
        (
            "class_agreement",
            0.9,
            0.4,
            "{best} generates the given class most reliably: agreement 0.9 against 0.4 for {other}.",
        ),
        (
            "cas",
            0.9,
            0.4,
            "{best} generates the best training images for a classifier: CAS 0.9 against 0.4 for {other}.",
        ),
        ("accuracy", 0.9, 0.4, "{best} classifies images best: accuracy 0.9 against 0.4 for {other}."),
    ],
)
def test_the_best_model_is_named_with_the_next(measure: str, better: float, worse: float, sentence: str) -> None:
    good, bad = measured(better), measured(worse)
    assert findings(comparison(measure, good, bad)) == sentence.format(best="model a", other="model b")
    assert findings(comparison(measure, bad, good)) == sentence.format(best="model b", other="model a")
    # The next best, not the worst.
    worst = measured(2 * worse - better)
    assert findings(comparison(measure, worst, good, bad)) == sentence.format(best="model b", other="model c")
    # Overlapping intervals.
    wide = findings(comparison(measure, measured(better, 1.0), bad))
    assert wide.startswith("No clear winner by ")
    # A single model has nobody to win against.
    assert not findings(comparison(measure, good))
    assert not findings(comparison(measure, good, measured(math.nan)))


def test_measures_without_a_winner_are_one_sentence() -> None:
    for values in ((measured(1.5, 0), measured(1.5, 0)), (measured(1.0), measured(1.5), measured(2.0, 1.5))):
        assert findings(comparison("mse", *values)) == (
            "No clear winner by MSE: the intervals of the best models overlap."
        )
    many = [row(name, bits_per_dim=measured(1), mse=measured(1), fd=measured(1)) for name in "ab"]
    assert findings(compared(*many)) == (
        "No clear winner by bits/dim, FD[lenet] and MSE: the intervals of the best models overlap."
    )


def test_a_measure_that_one_model_has_gives_way_to_the_next() -> None:
    """Only one model has bits/dim with eight samples, but both have them with one."""
    both = {"bits_per_dim@1": measured(2.0)}, {"bits_per_dim@1": measured(3.0), "bits_per_dim@8": measured(1.0)}
    assert findings(compared(*(row(name, **of) for name, of in zip("ab", both, strict=True)))) == (
        "a has the best likelihood: 2.0 bits/dim against 3.0 for b."
    )


def test_values_that_are_compared_have_equally_many_decimals() -> None:
    assert "FD[lenet] 8.9 against 39.0 for" in findings(comparison("fd", measured(8.9, 0.6), measured(39, 8)))


@pytest.mark.parametrize(
    ("sharpness", "sentence"),
    [
        ([0.6, 1.0], "Samples of model a (0.6) are blurred (sharpness; 1 for real images)."),
        ([1.0, 0.6], "Samples of model b (0.6) are blurred (sharpness; 1 for real images)."),
        ([0.6, 0.7], "Samples of model a (0.6) and model b (0.7) are blurred (sharpness; 1 for real images)."),
        ([1.5], "Samples of model a (1.5) are sharper or noisier than real images (sharpness; 1 for real images)."),
        (
            [0.6, 1.5],
            "Samples of model a (0.6) are blurred; those of model b (1.5) are sharper or noisier than real images "
            "(sharpness; 1 for real images).",
        ),
        # Within a tenth of real images, at one end of the interval at least.
        ([1.05, 0.85, 1.15], ""),
        ([math.nan], ""),
    ],
)
def test_blur_and_noise_are_one_sentence(sharpness: list[float], sentence: str) -> None:
    assert findings(comparison("sharpness", *map(measured, sharpness))) == sentence


@pytest.mark.parametrize(
    ("modes", "sentence"),
    [
        ([(7, 0.0), (10, 0.0)], "Samples of model a (7 of 10 classes) do not have all classes."),
        (
            [(7, 0.0), (10, 0.0), (5.4, 0.7)],
            "Samples of model a (7 of 10 classes) and model c (5.4 of 10 classes) do not have all classes.",
        ),
        # The interval contains ten.
        ([(9.8, 0.5)], ""),
        ([(10, 0.0)], ""),
    ],
)
def test_missing_classes_are_one_sentence(modes: list[tuple[float, float]], sentence: str) -> None:
    values = [measured(value, margin, references=TEN_CLASSES) for value, margin in modes]
    assert set(findings(comparison("modes", *values)).splitlines()) == ({sentence} if sentence else set())
    # Without the reference of real images it is unknown.
    assert not findings(comparison("modes", *(measured(value, margin) for value, margin in modes)))


@pytest.mark.parametrize(("shares", "models"), [([0.8, 0.5], "a (0.8)"), ([0.5, 0.8], "b (0.8)"), ([0.63, 0.5], "")])
def test_a_sign_of_memorisation(shares: list[float], models: str) -> None:
    sentence = f"Samples of model {models} are more often near to training images than to test images"
    found = findings(comparison("memorisation", *map(measured, shares)))
    assert found.startswith(sentence) if models else not found


@pytest.mark.parametrize(
    ("speeds", "sentence"),
    [
        ([(300, 10), (1.0, 0.1)], "model a samples 300 times as fast as model b: 300 against 1 images per second."),
        ([(10, 1), (25, 1), (123456, 9)], "model c samples 12,000 times as fast as model a: 120,000 against 10 images"),
        ([(2.0, 0.1), (1.0, 0.1)], "model a samples 2 times as fast as model b: 2 against 1 images per second."),
        # Hardly faster, or not certainly so.
        ([(12, 0.1), (10, 0.1)], ""),
        ([(30, 25), (10, 5)], ""),
        ([(30, 1), (0.0, 0.0)], ""),
        ([(30, 1), (math.inf, 1)], ""),
        ([(30, 1)], ""),
    ],
)
def test_the_fastest_is_compared_with_the_slowest(speeds: list[tuple[float, float]], sentence: str) -> None:
    found = findings(comparison("samples_per_second", *(measured(*speed) for speed in speeds)))
    assert found.startswith(sentence)
    assert bool(found) == bool(sentence)


def test_models_without_a_likelihood_are_one_sentence() -> None:
    none = {"bits_per_dim@8": "GAN has no likelihood"}
    flow, first, second = row("flow", bits_per_dim=measured(1)), row("<gan>", none), row("ae", none)
    (sentence,) = findings_html(compared(first, flow, second))
    assert sentence == "No likelihood is available for <b>&lt;gan&gt;</b> and <b>ae</b>."
    assert findings(compared(flow, second)) == "No likelihood is available for ae."
    # It was not asked for, or no model has one, so there is nothing to compare.
    assert not findings(compared(flow, row("vae")))
    assert not findings(compared(first, second))


def test_there_are_at_most_eight_sentences_with_the_most_important_first() -> None:
    better: dict[str, Any] = {
        "bits_per_dim": measured(1),
        "fd": measured(1),
        "coverage": measured(3),
        "mse": measured(1),
        "class_agreement": measured(3),
        "cas": measured(3),
        "accuracy": measured(3),
        "samples_per_second": measured(300),
        "modes": measured(10, 0, references=TEN_CLASSES),
    }
    worse = {name: measured(2) for name in better} | {
        "modes": measured(2, references=TEN_CLASSES),
        "memorisation": measured(0.9),
        "sharpness": measured(0.2),
    }
    rows = row("good", **better), row("bad", **worse), row("none", {"bits_per_dim@1": "no likelihood"})
    sentences = findings_html(compared(*rows))
    words = (
        "likelihood",
        "real images",
        "covers",
        "all classes",
        "memorisation",
        "blurred",
        "reconstructs",
        "given class",
    )
    assert len(sentences) == len(words) == 8
    assert all(word in sentence for word, sentence in zip(words, sentences, strict=True))
    # With fewer measures, what comes last is there as well.
    few = [row("good", bits_per_dim=measured(1), samples_per_second=measured(300)), rows[1], rows[2]]
    assert [sentence for sentence in findings_html(compared(*few)) if "times as fast" in sentence]
    assert findings_html(compared(*few))[-1] == "No likelihood is available for <b>none</b>."
