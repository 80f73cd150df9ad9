"""Measuring models of any family on equal terms."""

from genera.evaluation.drawing import draw, interpolate, traverse
from genera.evaluation.likelihood import log_probs
from genera.evaluation.measures import BitsPerDimMeasure, Measure, Measurement, MseMeasure, default_measures
from genera.evaluation.runner import check_fits, evaluate, result_path

__all__ = [
    "BitsPerDimMeasure",
    "Measure",
    "Measurement",
    "MseMeasure",
    "check_fits",
    "default_measures",
    "draw",
    "evaluate",
    "interpolate",
    "log_probs",
    "result_path",
    "traverse",
]
