"""Metrics: functions of tensors; :class:`MeanOverImages` and :class:`SetMetric` apply them over batches."""

from genera.evaluation.metrics.classes import class_kl, mode_coverage, recognition
from genera.evaluation.metrics.frechet_distance import frechet_distance
from genera.evaluation.metrics.kernel_distance import kernel_distance
from genera.evaluation.metrics.neighbourhoods import Neighbourhoods, neighbourhoods
from genera.evaluation.metrics.over_batches import MeanOverImages, SetMetric
from genera.evaluation.metrics.pairwise_distance import pairwise_distance
from genera.evaluation.metrics.sharpness import sharpness
from genera.evaluation.metrics.squared_error import peak_signal_to_noise, squared_error
from genera.evaluation.metrics.structural_similarity import dissimilarity, structural_similarity

__all__ = [
    "MeanOverImages",
    "Neighbourhoods",
    "SetMetric",
    "class_kl",
    "dissimilarity",
    "frechet_distance",
    "kernel_distance",
    "mode_coverage",
    "neighbourhoods",
    "pairwise_distance",
    "peak_signal_to_noise",
    "recognition",
    "sharpness",
    "squared_error",
    "structural_similarity",
]
