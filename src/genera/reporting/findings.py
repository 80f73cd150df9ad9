"""Findings of a comparison in at most eight sentences, derived from the measured values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import islice

from genera.evaluation.measures import info_of
from genera.evaluation.results.rows import Fields, Row, format_value, num_digits, reference_of
from genera.reporting.comparison import Comparison

_MAX_SENTENCES = 8
#: Relative difference in sharpness from real images that is reported.
_SHARPNESS = 0.1
#: Share of samples nearer to training images above which it is reported: 0.5 and a margin, as the interval is over
#: samples only, and the choice of test images changes the share by a few hundredths as well.
_MEMORISED = 0.55
#: Ratio of sampling speeds that is reported.
_FASTER = 1.5
_LIKELIHOODS = ("bits_per_dim@8", "bits_per_dim@1", "bits_per_dim@128")
#: What a model can be best at, the most important first, by the first of the measures that two models have: what is
#: more important than failures, and what is less.
_FIRST = (
    (_LIKELIHOODS, "{best} has the best likelihood: {value} bits/dim against {second}."),
    (("fd[lenet]", "fd[random]"), "Samples of {best} are most like real images: {title} {value} against {second}."),
    (("coverage[lenet]", "coverage[random]"), "{best} covers the most real images: {title} {value} against {second}."),
)
_LATER = (
    (("mse",), "{best} reconstructs images best: {title} {value} against {second}."),
    (("class_agreement",), "{best} generates the given class most reliably: {title} {value} against {second}."),
    (("cas",), "{best} generates the best training images for a classifier: {title} {value} against {second}."),
    (("accuracy",), "{best} classifies images best: {title} {value} against {second}."),
)


def findings_html(comparison: Comparison) -> list[str]:
    """Sentences on strengths and failures as HTML, the most important first."""
    return list(islice(_sentences(comparison), _MAX_SENTENCES))


def _sentences(comparison: Comparison) -> Iterator[str]:
    first, undecided = _strengths(comparison, _FIRST)
    later, also_undecided = _strengths(comparison, _LATER)
    yield from (*first, *_failures(comparison), *later)
    if titles := undecided + also_undecided:
        yield f"No clear winner by {_join(titles)}: the intervals of the best models overlap."
    yield from _speed(comparison)
    likelihoods = [bool(row.measures.keys() & {*_LIKELIHOODS}) for row in comparison.rows]
    without = [_name(row) for row, has in zip(comparison.rows, likelihoods, strict=True)
               if not has and row.unavailable.keys() & {*_LIKELIHOODS}]  # fmt: skip
    # Not if no model has one, as there is nothing to compare.
    if any(likelihoods) and without:
        yield f"No likelihood is available for {_join(without)}."


def _strengths(comparison: Comparison, strengths: Sequence[tuple[Sequence[str], str]]) -> tuple[list[str], list[str]]:
    """Sentences on who is best, against the second, and titles of the measures by which the intervals overlap."""
    sentences, undecided = [], []
    for names, text in strengths:
        name = next((name for name in names if len(comparison.ranked(name)) > 1), None)
        if name is None:
            continue
        # Without the number of importance samples.
        title = info_of(name).title.partition(",")[0]
        if comparison.best(name) is None:
            undecided.append(title)
            continue
        best, second = comparison.ranked(name)[:2]
        both = best.measures[name], second.measures[name]
        value, other = (format_value(fields, digits=max(map(num_digits, both))) for fields in both)
        against = f"{other} for {_name(second)}"
        sentences.append(text.format(best=_name(best), title=title, value=value, second=against))
    return sentences, undecided


def _failures(comparison: Comparison) -> Iterator[str]:
    """Missing classes, memorisation, and blur or noise, each of all models that have it."""
    few = [
        f"{_name(row)} ({format_value(modes)} of {reference[1]:g} classes)"
        for row in comparison.ranked("modes")
        if (reference := reference_of(modes := row.measures["modes"])) is not None and modes["high"] < reference[1]
    ]
    if few:
        yield f"Samples of {_join(few)} do not have all classes."
    if copying := _models(comparison, "memorisation", lambda share: share["low"] > _MEMORISED):
        yield (
            f"Samples of {copying} are more often near to training images than to test images, a sign of memorisation "
            "(share of samples; 0.5 is none)."
        )
    blurred = _models(comparison, "sharpness", lambda sharpness: sharpness["high"] < 1 - _SHARPNESS)
    noisy = _models(comparison, "sharpness", lambda sharpness: sharpness["low"] > 1 + _SHARPNESS)
    parts = {"are blurred": blurred, "are sharper or noisier than real images": noisy}
    if texts := [f"{models} {how}" for how, models in parts.items() if models]:
        yield f"Samples of {'; those of '.join(texts)} (sharpness; 1 for real images)."


def _speed(comparison: Comparison) -> Iterator[str]:
    """How much faster the fastest samples than the slowest, to two digits, as speeds vary by a few percent."""
    if not (ranked := comparison.ranked("samples_per_second")):
        return
    fast, slow = (row.measures["samples_per_second"] for row in (ranked[0], ranked[-1]))
    if fast["low"] > slow["high"] and slow["value"] > 0 and (ratio := fast["value"] / slow["value"]) >= _FASTER:
        rounded = [float(f"{value:.2g}") for value in (ratio, fast["value"], slow["value"])]
        times, *speeds = (f"{value:,.0f}" if value >= 10 else f"{value:g}" for value in rounded)
        models = f"{_name(ranked[0])} samples {times} times as fast as {_name(ranked[-1])}"
        yield f"{models}: {' against '.join(speeds)} images per second."


def _models(comparison: Comparison, name: str, is_so: Callable[[Fields], bool]) -> str:
    """The models whose measure is as asked, each with its value; empty if there are none."""
    rows = [row for row in comparison.ranked(name) if is_so(row.measures[name])]
    return _join([f"{_name(row)} ({format_value(row.measures[name])})" for row in rows])


def _join(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def _name(row: Row) -> str:
    return f"<b>{escape(row.model)}</b>"
