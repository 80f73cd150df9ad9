"""All measures. A new one needs its own file and an export here; tables have this order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from genera.evaluation.extractors import InceptionFeatures
from genera.evaluation.measure import Group, Measure, MeasureInfo
from genera.evaluation.measures.accuracy import ACCURACY
from genera.evaluation.measures.anomaly import AUROC
from genera.evaluation.measures.bits_per_dim import BITS_PER_DIM
from genera.evaluation.measures.cas import CAS
from genera.evaluation.measures.classes import CLASS_AGREEMENT, CLASS_KL, MODES, RECOGNISED
from genera.evaluation.measures.diversity import DIVERSITY, FEATURE_DIVERSITY
from genera.evaluation.measures.frechet_distance import FRECHET_DISTANCE
from genera.evaluation.measures.kernel_distance import KERNEL_DISTANCE
from genera.evaluation.measures.memorisation import MEMORISATION
from genera.evaluation.measures.neighbourhoods import COVERAGE, DENSITY, PRECISION, RECALL
from genera.evaluation.measures.reconstruction import MSE, PSNR, SSIM
from genera.evaluation.measures.sharpness import SHARPNESS
from genera.evaluation.measures.speed import SAMPLES_PER_SECOND
from genera.evaluation.protocol import EvaluationProtocol

_ALL: tuple[Measure | tuple[Measure, ...], ...] = (
    BITS_PER_DIM,
    FRECHET_DISTANCE,
    KERNEL_DISTANCE,
    PRECISION,
    DENSITY,
    RECOGNISED,
    CLASS_AGREEMENT,
    CAS,
    SHARPNESS,
    RECALL,
    COVERAGE,
    MODES,
    CLASS_KL,
    DIVERSITY,
    FEATURE_DIVERSITY,
    MEMORISATION,
    MSE,
    PSNR,
    SSIM,
    AUROC,
    ACCURACY,
    SAMPLES_PER_SECOND,
)


def _each() -> Iterator[Measure]:
    for one in _ALL:
        yield from one if isinstance(one, tuple) else (one,)


#: By name, in the order of tables.
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _each()}


def info_of(name: str) -> MeasureInfo:
    """The description of a measure by its name, with its setting in the title."""
    same = (measure.info for measure in MEASURES.values() if _stem(measure.name) == _stem(name))
    # A file may have measures of another version.
    unknown = MeasureInfo(title=_stem(name), definition="not a measure of Genera", group="other", better=None)
    info, setting = next(same, unknown), name.removeprefix(_stem(name))
    if setting.startswith("@"):
        setting = f", {setting[1:]} importance sample{'s' * (setting != '@1')}"
    return replace(info, title=f"{info.title}{setting}")


def table_order(name: str) -> tuple[int, int, int, str]:
    """Sort key of a measure in a table: by group, then in the order of this file, few importance samples first."""
    stems = list(dict.fromkeys(map(_stem, MEASURES)))
    place = stems.index(_stem(name)) if _stem(name) in stems else len(stems)
    return get_args(Group).index(info_of(name).group), place, len(name), name


def _stem(name: str) -> str:
    return name.partition("[")[0].partition("@")[0]


def default_measures(protocol: EvaluationProtocol) -> list[Measure]:
    """All measures, those of Inception only with its weights, which most people do not have."""
    has_inception = InceptionFeatures.name in protocol.extractors
    return [measure for name, measure in MEASURES.items() if has_inception or not name.endswith("[inception]")]
