"""Metrics: torchmetrics modules."""

from genera.evaluation.metrics.bits_per_dim import BitsPerDim
from genera.evaluation.metrics.classes import ClassAgreement, ClassKl, ModeCoverage, Recognition
from genera.evaluation.metrics.frechet_distance import FrechetDistance
from genera.evaluation.metrics.images import (
    Dissimilarity,
    PeakSignalToNoise,
    Sharpness,
    SquaredError,
    StructuralSimilarity,
)
from genera.evaluation.metrics.kernel_distance import KernelDistance
from genera.evaluation.metrics.neighbourhoods import Neighbourhood, Neighbourhoods
from genera.evaluation.metrics.pairwise_distance import PairwiseDistance

__all__ = [
    "BitsPerDim",
    "ClassAgreement",
    "ClassKl",
    "Dissimilarity",
    "FrechetDistance",
    "KernelDistance",
    "ModeCoverage",
    "Neighbourhood",
    "Neighbourhoods",
    "PairwiseDistance",
    "PeakSignalToNoise",
    "Recognition",
    "Sharpness",
    "SquaredError",
    "StructuralSimilarity",
]
