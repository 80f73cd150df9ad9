"""Groups, order and text of measured values."""

from __future__ import annotations

import pytest
from measuring import measured, row

from genera.evaluation import MEASURES, info_of
from genera.evaluation.results.rows import format_interval, format_reference, format_value, groups_of, headlines


def test_titles_tell_the_measures_apart() -> None:
    assert len({info_of(name).title for name in MEASURES}) == len(MEASURES)
    assert info_of("bits_per_dim@8").title == "bits/dim, 8 importance samples"
    assert info_of("bits_per_dim@3").title == "bits/dim, 3 importance samples"
    assert info_of("fd[random]").title == "FD[random]"


def test_groups_are_in_order_and_end_with_the_cost() -> None:
    every = row("a", **{name: measured(1) for name in reversed(MEASURES)})
    groups = groups_of([every])
    assert list(groups) == [
        "likelihood",
        "sample quality",
        "coverage",
        "reconstruction",
        "anomaly",
        "classification",
        "cost",
    ]
    assert groups["likelihood"] == ["bits_per_dim@1", "bits_per_dim@8", "bits_per_dim@128"]
    assert groups["reconstruction"] == ["mse", "psnr", "ssim"]
    assert sorted(name for names in groups.values() for name in names) == sorted(MEASURES)


def test_a_measure_of_another_version_is_shown_as_it_is() -> None:
    groups = groups_of([row("a", mse=measured(1), **{"future[lenet]": measured(1)})])
    assert groups == {"reconstruction": ["mse"], "other": ["future[lenet]"]}
    assert info_of("future[lenet]").title == "future[lenet]"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["mse", "bits_per_dim@1", "bits_per_dim@8"], ["bits_per_dim@8", "mse"]),
        (["bits_per_dim@1", "fd[random]"], ["bits_per_dim@1", "fd[random]"]),
        (["fd[random]", "fd[lenet]", "kid[lenet]"], ["fd[lenet]"]),
        (["samples_per_second", "accuracy"], ["accuracy", "samples_per_second"]),
        (
            ["samples_per_second", "recognised", "coverage[lenet]", "fd[lenet]", "class_agreement"],
            ["fd[lenet]", "coverage[lenet]", "class_agreement"],
        ),
        ([], []),
    ],
)
def test_at_most_three_measures_matter_most(names: list[str], chosen: list[str]) -> None:
    assert headlines(names) == chosen


def test_values_are_formatted_to_significant_digits() -> None:
    assert format_value(measured(1234.5678, 300)) == "1,235"
    assert format_value(measured(1.23456, 0.05)) == "1.23"
    assert format_value(measured(1.23456, 0.0005)) == "1.2346"
    # No interval: four significant digits, or six decimals.
    assert format_value(measured(10.0, 0.0)) == "10"
    assert format_value(measured(0.9, 0.0)) == "0.9"
    assert format_value(measured(123456.7, 0.0)) == "123,457"
    assert format_value(measured(0.0000123, 0.0)) == "0.000012"
    # The ends of the interval have the digits of the value, and zero no sign.
    assert format_interval(measured(1.23456, 0.05)) == "1.18 … 1.28"
    assert format_interval(measured(-1.5, 1.3)) == "-3 … 0"


def test_references_have_at_least_two_significant_digits() -> None:
    assert format_reference(measured(21, 3, references={"uniform noise": 9.0, "validation images": 2.23})) == (
        "validation images",
        "2.2",
    )
    assert format_reference(measured(1.25, 0.01, references={"train images": 0.98765})) == ("train images", "0.99")
    assert format_reference(measured(21, 3, references={"uniform noise": 9.0})) == ("", "")
    assert format_reference(measured(21, 3)) == ("", "")
