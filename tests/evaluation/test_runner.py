"""Figures that need not be measured again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from genera.data import find_dataset
from genera.evaluation import BitsPerDimMeasure, Measurement, evaluate
from genera.zoo import find_model


def test_a_figure_that_is_not_finite_is_none(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be refused when it is read again, and compared with others until then."""
    found = Measurement(math.nan, 0.0, math.inf, 3)
    monkeypatch.setattr(BitsPerDimMeasure, "measure", lambda *arguments, **options: found)
    run, digits = find_model(str(trained)), find_dataset("digits")()
    for _ in range(2):
        result = evaluate(run, digits, [BitsPerDimMeasure(3)], split="validation")
        assert "bits_per_dim@3" not in result["measures"]
        assert result["unavailable"]["bits_per_dim@3"] == "it is not finite: nan (0 … inf)"


def test_what_was_measured_before_shipping_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(BitsPerDimMeasure, "measure", refuse)
    trained, digits = find_model("realnvp-digits"), find_dataset("digits")()
    kept = json.loads(trained.run.evaluation.read_text())["measures"]["bits_per_dim@8"]
    found = evaluate(trained, digits, [BitsPerDimMeasure(8)])["measures"]["bits_per_dim@8"]
    assert found["value"] == kept["value"]
    # Another seed, or other images, are another figure.
    with pytest.raises(AssertionError, match="measured again"):
        evaluate(trained, digits, [BitsPerDimMeasure(8, seed=3)])
    with pytest.raises(AssertionError, match="measured again"):
        evaluate(trained, digits, [BitsPerDimMeasure(8, max_images=7)], split="validation")
