"""Priors of the latent, besides the distributions of the core."""

from genera.vaes.priors.flow import FlowPrior
from genera.vaes.priors.vamp import VampPrior

__all__ = ["FlowPrior", "VampPrior"]
