"""Metrics: torchmetrics modules, one per file."""

from genera.evaluation.metrics.bits_per_dim import BitsPerDim
from genera.evaluation.metrics.class_agreement import ClassAgreement
from genera.evaluation.metrics.class_kl import ClassKl
from genera.evaluation.metrics.dissimilarity import Dissimilarity
from genera.evaluation.metrics.frechet_distance import FrechetDistance
from genera.evaluation.metrics.kernel_distance import KernelDistance
from genera.evaluation.metrics.mode_coverage import ModeCoverage
from genera.evaluation.metrics.neighbourhoods import Neighbourhood, Neighbourhoods
from genera.evaluation.metrics.pairwise_distance import PairwiseDistance
from genera.evaluation.metrics.peak_signal_to_noise import PeakSignalToNoise
from genera.evaluation.metrics.recognition import Recognition
from genera.evaluation.metrics.sharpness import Sharpness
from genera.evaluation.metrics.squared_error import SquaredError
from genera.evaluation.metrics.structural_similarity import StructuralSimilarity

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
