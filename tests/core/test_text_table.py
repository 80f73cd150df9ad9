"""Tables in a terminal of a given width."""

from __future__ import annotations

import pytest

from genera.core.text_table import format_table


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_columns_are_aligned_and_rows_below_headings_are_indented() -> None:
    assert format_table([["name", "n"], ["long name", "1,000"]]) == "name       n\nlong name  1,000"
    assert format_table([["name", "n"], ["heading of several words"], ["long name", "1"]]) == (
        "  name       n\nheading of several words\n  long name  1"
    )


def test_the_last_cell_continues_below() -> None:
    text = format_table([["name", "x", "about"], ["long name", "", "some words that need more than one line"]])
    assert text.splitlines() == [
        "name       x  about",
        "long name     some words that need more",
        "              than one line",
    ]
    assert max(map(len, text.splitlines())) <= 40


def test_a_line_does_not_end_at_a_no_break_space_or_within_an_address() -> None:
    text = format_table([["a", "mse\N{NO-BREAK SPACE}0.1, " * 5], ["b", f"see https://example.org/{'long-' * 9}"]])
    assert text.splitlines() == ["a  mse 0.1, mse 0.1, mse 0.1, mse 0.1,", "   mse 0.1,", "b  see",
                                 f"   https://example.org/{'long-' * 9}"]  # fmt: skip
