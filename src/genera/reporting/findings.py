"""Findings of a comparison in at most eight sentences, derived from the measured values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import islice

from genera.evaluation.measures import info_of
from genera.evaluation.rows import Fields, Row, format_value, num_digits, reference_of
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
#: What a model can be best at, the most important first, by the first of the measures that two models have.
_STRENGTHS = (
    (_LIKELIHOODS, "{best} has the best likelihood: {value} bits/dim against {second}."),
    (("fd[lenet]", "fd[random]"), "Samples of {best} are most like real images: {title} {value} against {second}."),
    (("coverage[lenet]", "coverage[random]"), "{best} covers the most real images: {title} {value} against {second}."),
    (("mse",), "{best} reconstructs images best: {title} {value} against {second}."),
    (("class_agreement",), "{best} generates the given class most reliably: {title} {value} against {second}."),
    (("cas",), "{best} generates the best training images for a classifier: {title} {value} against {second}."),
    (("accuracy",), "{best} classifies images best: {title} {value} against {second}."),
)
#: Strengths that are more important than failures.
_NUM_FIRST = 3


def findings_html(comparison: Comparison) -> list[str]:
    """Sentences on strengths and failures as HTML, the most important first."""
    return list(islice(_sentences(comparison), _MAX_SENTENCES))


def _sentences(comparison: Comparison) -> Iterator[str]:
    compared = [
        (name, text)
        for names, text in _STRENGTHS
        if (name := next((name for name in names if len(comparison.ranked(name)) > 1), None)) is not None
    ]
    first = {name for names, _ in _STRENGTHS[:_NUM_FIRST] for name in names}
    yield from (_best(comparison, name, text) for name, text in compared if name in first and comparison.best(name))
    yield from _missing_classes(comparison)
    yield from _memorisation(comparison)
    yield from _sharpness(comparison)
    yield from (_best(comparison, name, text) for name, text in compared if name not in first and comparison.best(name))
    yield from _no_winner(comparison, [name for name, _ in compared if comparison.best(name) is None])
    yield from _speed(comparison)
    yield from _no_likelihood(comparison)


def _best(comparison: Comparison, name: str, text: str) -> str:
    best, second, *_ = comparison.ranked(name)
    values = _values(best, second, name=name)
    return text.format(best=_name(best), value=values[0], second=f"{values[1]} for {_name(second)}", title=_title(name))


def _no_winner(comparison: Comparison, names: Sequence[str]) -> Iterator[str]:
    """The measures by which the interval of the best model overlaps another, with values if there is only one."""
    if not names:
        return
    values = ""
    if len(names) == 1 and (rival := comparison.rival(names[0])) is not None:
        models = comparison.ranked(names[0])[0], rival
        texts = zip(_values(*models, name=names[0]), models, strict=True)
        values = f" ({', '.join(f'{text} for {_name(row)}' for text, row in texts)})"
    yield f"No clear winner by {_join(list(map(_title, names)))}{values}: the intervals of the best models overlap."


def _missing_classes(comparison: Comparison) -> Iterator[str]:
    def has_fewer(modes: Fields) -> bool:
        reference = reference_of(modes)
        return reference is not None and modes["high"] < reference[1]

    def of_all(modes: Fields) -> str:
        reference = reference_of(modes)
        assert reference is not None
        return f"{format_value(modes)} of {reference[1]:g} classes"

    if models := _models(comparison, "modes", has_fewer, of_all):
        yield f"Samples of {models} do not have all classes."


def _memorisation(comparison: Comparison) -> Iterator[str]:
    if models := _models(comparison, "memorisation", lambda share: share["low"] > _MEMORISED):
        yield (
            f"Samples of {models} are nearer to training images than to test images, which is a sign of memorisation "
            "(share of samples; 0.5 is none)."
        )


def _sharpness(comparison: Comparison) -> Iterator[str]:
    blurred = _models(comparison, "sharpness", lambda sharpness: sharpness["high"] < 1 - _SHARPNESS)
    noisy = _models(comparison, "sharpness", lambda sharpness: sharpness["low"] > 1 + _SHARPNESS)
    parts = {"are blurred": blurred, "are sharper or noisier than real images": noisy}
    if texts := [f"{models} {how}" for how, models in parts.items() if models]:
        yield f"Samples of {'; those of '.join(texts)} (sharpness; 1 for real images)."


def _speed(comparison: Comparison) -> Iterator[str]:
    ranked = comparison.ranked("samples_per_second")
    if len(ranked) < 2:
        return
    fast, slow = (row.measures["samples_per_second"] for row in (ranked[0], ranked[-1]))
    if fast["low"] <= slow["high"] or slow["value"] <= 0 or (ratio := fast["value"] / slow["value"]) < _FASTER:
        return
    times, *speeds = map(_two_digits, (ratio, fast["value"], slow["value"]))
    yield (
        f"{_name(ranked[0])} samples {times} times as fast as {_name(ranked[-1])}: {' against '.join(speeds)} images "
        "per second."
    )


def _no_likelihood(comparison: Comparison) -> Iterator[str]:
    """The models without a likelihood, where others have one."""
    without = [row for row in comparison.rows if not any(name in row.measures for name in _LIKELIHOODS)]
    without = [row for row in without if any(name in row.unavailable for name in _LIKELIHOODS)]
    if without and any(comparison.ranked(name) for name in _LIKELIHOODS):
        yield f"No likelihood is available for {_join(list(map(_name, without)))}."


def _models(
    comparison: Comparison, name: str, is_so: Callable[[Fields], bool], text: Callable[[Fields], str] = format_value
) -> str:
    """The models whose measure is as asked, each with its value; empty if there are none."""
    rows = [row for row in comparison.ranked(name) if is_so(row.measures[name])]
    return _join([f"{_name(row)} ({text(row.measures[name])})" for row in rows])


def _values(*rows: Row, name: str) -> list[str]:
    """Values to be compared, with equally many decimals."""
    measured = [row.measures[name] for row in rows]
    digits = max(map(num_digits, measured))
    return [format_value(fields, digits=digits) for fields in measured]


def _two_digits(value: float) -> str:
    """A speed, which varies by a few percent from one time to the next."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _title(name: str) -> str:
    """The title of a measure without its number of importance samples."""
    return info_of(name).title.partition(",")[0]


def _join(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def _name(row: Row) -> str:
    return f"<b>{escape(row.model)}</b>"
