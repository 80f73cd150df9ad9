"""Metrics: each a torchmetrics module in a file of its own."""

from genera.evaluation.metrics.bits_per_dim import BitsPerDim
from genera.evaluation.metrics.dissimilarity import Dissimilarity
from genera.evaluation.metrics.squared_error import SquaredError

__all__ = ["BitsPerDim", "Dissimilarity", "SquaredError"]
