"""Priors besides the distributions in ``core``. A new one needs its own file and an export here."""

from genera.vaes.priors.flow import FlowPrior
from genera.vaes.priors.vamp import VampPrior

__all__ = ["FlowPrior", "VampPrior"]
