"""Findings of a comparison in sentences, derived from the measured values only."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from genera.reporting.comparison import Comparison, Row, format_value, reference_modes
from genera.reporting.measure_info import info_of

#: Relative difference in sharpness from real images that is reported.
_SHARPNESS = 0.1
#: Share of samples nearer to training images above which it is reported: 0.5 and a margin, as the interval is over
#: samples only, and the choice of test images changes the share by a few hundredths as well.
_MEMORISED = 0.55
#: Statement about the best model, by the first available measure of each group.
_STRENGTHS = (
    (("bits_per_dim@8", "bits_per_dim@1"), "assigns the highest likelihood to images"),
    (("fd[lenet]", "fd[random]"), "generates samples whose distribution is nearest to real images"),
    (("coverage[lenet]", "coverage[random]"), "covers the largest share of real images"),
    (("mse",), "reconstructs images with the lowest error"),
    (("class_agreement",), "generates the given class most reliably"),
    (("cas",), "generates the best training images for a classifier"),
    (("samples_per_second",), "samples fastest"),
)


def findings_html(comparison: Comparison) -> Iterator[str]:
    """Sentences on strengths and weaknesses, as HTML."""
    for group, strength in _STRENGTHS:
        name = next((name for name in group if name in comparison.names), None)
        if name is not None:
            yield from _best_model(comparison, name, strength)
    for row in comparison.rows:
        yield from _single_model(row)


def _best_model(comparison: Comparison, name: str, strength: str) -> Iterator[str]:
    """The best model by a measure and its margin, or that no model is clearly best."""
    measured = [row for row in comparison.rows if name in row.measures]
    if len(measured) < 2:
        return
    title, best = info_of(name).title, comparison.best(name)
    if best is None:
        yield f"{title}: no model is clearly best, as the intervals of the best models overlap."
        return
    sign = 1 if info_of(name).better == "higher" else -1
    others = [row for row in measured if row is not best]
    second = max(others, key=lambda row: sign * row.measures[name]["value"])
    values = f"{format_value(best.measures[name])}, next best {_name(second)} {format_value(second.measures[name])}"
    yield f"{_name(best)} {strength} ({title} {values})."


def _single_model(row: Row) -> Iterator[str]:
    """Findings about one model."""
    sharpness = row.measures.get("sharpness")
    if sharpness is not None and abs(sharpness["value"] - 1) > _SHARPNESS:
        kind = "blurred" if sharpness["value"] < 1 else "noisier than real images"
        yield f"Samples of {_name(row)} are {kind}: sharpness {format_value(sharpness)} relative to real images."
    modes = row.measures.get("modes")
    if modes is not None:
        real = reference_modes(modes)
        if real is not None and modes["value"] < real:
            yield f"{_name(row)} misses classes: its samples have {format_value(modes)} of {real:g}."
    memorised = row.measures.get("memorisation")
    if memorised is not None and memorised["low"] > _MEMORISED:
        share = f"{format_value(memorised)} of them, where 0.5 means no memorisation"
        yield f"Samples of {_name(row)} are nearer to training images than to test images: {share}."
    likelihood = row.unavailable.get("bits_per_dim@1")
    if likelihood is not None:
        yield f"{_name(row)} cannot compute the likelihood of images ({escape(likelihood)})."


def _name(row: Row) -> str:
    return f"<b>{escape(row.model)}</b>"
