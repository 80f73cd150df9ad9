"""Precision, recall, density and coverage of samples."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

from torch import Tensor

from genera.evaluation.extractors import EXTRACTORS
from genera.evaluation.image_set import ImageSet
from genera.evaluation.measure import Group, MeasureInfo
from genera.evaluation.metrics.neighbourhoods import NUM_NEIGHBOURS, Neighbourhoods, neighbourhoods, squared_radii
from genera.evaluation.set_measure import SetMeasure

_Part = Literal["precision", "recall", "density", "coverage"]


def _part(generated: ImageSet, real: ImageSet, *, part: _Part, space: str) -> Tensor:
    """One of the four values, which are computed together."""

    def compute() -> Neighbourhoods:
        features = real.features(space)
        # The same for all sets that are compared with the real one.
        real_radii = real.kept(("radii", space), lambda: squared_radii(features))
        return neighbourhoods(generated.features(space), features, real_radii=real_radii)

    return getattr(generated.kept(("neighbourhoods", space, real), compute), part)


def _in_every_space(part: _Part, definition: str, *, group: Group, maximum: float = 1.0) -> tuple[SetMeasure, ...]:
    return tuple(
        SetMeasure(
            name=f"{part}[{space}]",
            info=MeasureInfo(
                title=part,
                better="higher",
                group=group,
                definition=definition,
            ),
            compare=partial(_part, part=part, space=space),
            extractor=space,
            min_count=NUM_NEIGHBOURS + 1,
            bounds=(0.0, maximum),
        )
        for space in EXTRACTORS
    )


PRECISION = _in_every_space(
    "precision", "share of samples in the neighbourhood of a real image", group="sample quality"
)
RECALL = _in_every_space("recall", "share of real images in the neighbourhood of a sample", group="coverage")
DENSITY = _in_every_space(
    "density",
    "neighbourhoods of real images that a sample is in, divided by 5",
    group="sample quality",
    maximum=math.inf,
)
COVERAGE = _in_every_space("coverage", "share of real images with a sample in their neighbourhood", group="coverage")
