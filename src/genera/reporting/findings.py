"""What the figures of a comparison say, in sentences; each rests on measured values, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from genera.reporting.comparison import Comparison, Row, modes_of_images, shown
from genera.reporting.measure_info import info_of

#: Sharper or blurrier than real images by more than this is worth saying.
_SHARPNESS = 0.1
#: Nearer to training images than this is worth saying: the interval is one over draws, and which test images there are
#: moves the share by some hundredths as well.
_MEMORISED = 0.55
#: What is said of the best of all, by the first measure of each group that any model has.
_PRAISE = (
    (("bits_per_dim@8", "bits_per_dim@1"), "gives images the highest probability"),
    (("fd[lenet]", "fd[random]"), "draws the images that are most like real ones as a whole"),
    (("coverage[lenet]", "coverage[random]"), "leaves the fewest kinds of images out"),
    (("mse",), "rebuilds images most exactly"),
    (("class_agreement",), "keeps best to the class it is asked for"),
    (("cas",), "makes the draws that teach a classifier most"),
    (("samples_per_second",), "draws fastest"),
)


def sentences(comparison: Comparison) -> Iterator[str]:
    """Strengths and weaknesses, as HTML."""
    for group, praise in _PRAISE:
        name = next((name for name in group if name in comparison.names), None)
        if name is not None:
            yield from _of_best(comparison, name, praise)
    for row in comparison.rows:
        yield from _of_one(row)


def _of_best(comparison: Comparison, name: str, praise: str) -> Iterator[str]:
    """Who is best at a measure, by how much, or that one cannot tell."""
    measured = [row for row in comparison.rows if name in row.measures]
    if len(measured) < 2:
        return
    title, best = info_of(name).title, comparison.best(name)
    if best is None:
        yield f"{title}: which model is best these figures do not tell, as the intervals of the first ones meet."
        return
    sign = 1 if info_of(name).better == "higher" else -1
    others = [row for row in measured if row is not best]
    second = max(others, key=lambda row: sign * row.measures[name]["value"])
    values = f"{shown(best.measures[name])} against {shown(second.measures[name])} of {_name(second)}"
    yield f"{_name(best)} {praise} ({title} {values}, the next)."


def _of_one(row: Row) -> Iterator[str]:
    """What stands out about a model by itself."""
    sharpness = row.measures.get("sharpness")
    if sharpness is not None and abs(sharpness["value"] - 1) > _SHARPNESS:
        kind = "blurred" if sharpness["value"] < 1 else "noisier than images"
        yield f"Draws of {_name(row)} are {kind}: their sharpness is {shown(sharpness)} of that of real images."
    modes = row.measures.get("modes")
    if modes is not None:
        real = modes_of_images(modes)
        if real is not None and modes["value"] < real:
            yield f"{_name(row)} leaves classes out: it draws {shown(modes)} of {real:g}."
    memorised = row.measures.get("memorisation")
    if memorised is not None and memorised["low"] > _MEMORISED:
        share = f"a share of {shown(memorised)}, where ½ is none"
        yield f"Draws of {_name(row)} are nearer to training images than to others: {share}."
    likelihood = row.unavailable.get("bits_per_dim@1")
    if likelihood is not None:
        yield f"{_name(row)} cannot say how probable an image is: {escape(likelihood)}."


def _name(row: Row) -> str:
    return f"<b>{escape(row.model)}</b>"
