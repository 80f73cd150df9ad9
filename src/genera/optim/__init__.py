"""Optimisers and weight averaging."""

from genera.optim.muon import Muon
from genera.optim.weight_averaging import averaged, refresh_batch_norm

__all__ = ["Muon", "averaged", "refresh_batch_norm"]
