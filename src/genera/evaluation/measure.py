"""Measures: named quantities of a model on a data set, each with an interval."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from genera.core import Autoencoding, Generative, has_density
from genera.evaluation.intervals import bootstrap_interval
from genera.evaluation.subject import Subject

#: What a measure says something about, in the order of tables.
Group = Literal[
    "likelihood", "sample quality", "coverage", "reconstruction", "anomaly", "classification", "cost", "other"
]
#: Why a measure does not apply to a subject; None if it applies.
Requirement = Callable[[Subject], str | None]


@dataclass(frozen=True)
class Measurement:
    """The result of a measure.

    Args:
        value: the measured value.
        low: lower end of its 95 % interval.
        high: upper end.
        n: number of images it is computed from.
        settings: everything that must be equal for two values to be comparable.
        references: values of the same measure for other images, such as real ones, by name.
    """

    value: float
    low: float
    high: float
    n: int
    settings: dict[str, Any] = field(default_factory=dict)
    references: dict[str, float] = field(default_factory=dict)

    @classmethod
    def mean_of(
        cls, values: Tensor, settings: dict[str, Any], references: dict[str, float] | None = None
    ) -> Measurement:
        """The mean of a value per image, ``(N,)``, with a bootstrap interval over images."""
        low, high = bootstrap_interval(values)
        return cls(float(values.mean()), low, high, len(values), settings, references or {})

    @property
    def is_finite(self) -> bool:
        """Whether the value, the ends of its interval and all references are finite."""
        return all(map(math.isfinite, (self.value, self.low, self.high, *self.references.values())))


@dataclass(frozen=True, kw_only=True)
class MeasureInfo:
    """The description of a measure in tables, which measures that differ in a setting share.

    Args:
        title: short name.
        definition: one line.
        group: what it says something about.
        better: whether lower or higher values are better; None if neither.
        unit: of its values; empty for dimensionless numbers.
        is_shared: whether values on different data sets can be compared, as they are relative to the data or
            independent of it.
        needs_all_modes: whether a model that generates only one class can have the best value, so that the best model
            must generate all classes.
    """

    title: str
    definition: str
    group: Group
    better: Literal["lower", "higher"] | None
    unit: str = ""
    is_shared: bool = False
    needs_all_modes: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Measure(ABC):
    """A named quantity of a model on a data set, such as ``bits_per_dim@8``.

    Args:
        name: key in ``evaluation.json``. A setting stands after ``@`` or in brackets, as in ``fd[lenet]``.
        info: its description.
    """

    name: str
    info: MeasureInfo

    @abstractmethod
    def unavailable(self, subject: Subject) -> str | None:
        """Return why the measure does not apply; None if it applies."""

    @abstractmethod
    def settings(self, subject: Subject) -> dict[str, Any]:
        """Everything that the value depends on besides the model and the images."""

    @abstractmethod
    def measure(self, subject: Subject) -> Measurement:
        """Measure a subject to which the measure applies."""

    def other_splits(self, subject: Subject) -> list[str]:
        """Names of the splits, besides that of the subject, that the value depends on."""
        return []


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageMeasure(Measure):
    """The mean of a value per image; the interval is a bootstrap over images.

    Args:
        values: maps a subject to ``(N,)``.
        requirement: what the values need.
        fixed: settings besides the interval.
    """

    values: Callable[[Subject], Tensor]
    requirement: Requirement
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def unavailable(self, subject: Subject) -> str | None:
        return self.requirement(subject)

    def settings(self, subject: Subject) -> dict[str, Any]:
        return {**self.fixed, "interval": "95 % bootstrap over images"}

    def measure(self, subject: Subject) -> Measurement:
        return Measurement.mean_of(self.values(subject), self.settings(subject))


def has_likelihood(subject: Subject) -> str | None:
    """The model has a density."""
    return None if has_density(subject.model) else f"{type(subject.model).__name__} has no likelihood"


def samples_images(subject: Subject) -> str | None:
    """The model can sample."""
    is_generative = isinstance(subject.model, Generative)
    return None if is_generative else f"{type(subject.model).__name__} does not generate images"


def samples_classes(subject: Subject) -> str | None:
    """The model can sample a given class."""
    return None if subject.model.class_conditional else "the model is not class-conditional"


def reconstructs(subject: Subject) -> str | None:
    """The model reconstructs images, and not exactly."""
    model = subject.model
    if not isinstance(model, Autoencoding):
        return f"{type(model).__name__} does not reconstruct images"
    return "reconstructs every image exactly" if model.is_exact else None


def has_pixels(subject: Subject, minimum: int) -> str | None:
    """The images have at least ``minimum`` pixels per side."""
    shape = subject.data.spec.shape[1:]
    return None if min(shape) >= minimum else f"needs images of at least {minimum} pixels per side, got {shape}"


def has_equal_classes(subject: Subject) -> str | None:
    """The model and the data have equally many classes."""
    own, other = subject.model.spec.num_classes, subject.data.spec.num_classes
    return None if own == other else f"the model has {own} classes, {subject.data.name} has {other}"
