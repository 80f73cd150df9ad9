"""Metrics: each a torchmetrics module in a file of its own."""

from genera.evaluation.metrics.bits_per_dim import BitsPerDim

__all__ = ["BitsPerDim"]
