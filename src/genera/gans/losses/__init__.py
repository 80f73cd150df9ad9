"""Adversarial losses. A new loss needs its own file and an export here."""

from genera.gans.losses.base import AdversarialLoss
from genera.gans.losses.hinge import Hinge
from genera.gans.losses.least_squares import LeastSquares
from genera.gans.losses.non_saturating import NonSaturating
from genera.gans.losses.saturating import Saturating
from genera.gans.losses.wasserstein import Wasserstein

__all__ = ["AdversarialLoss", "Hinge", "LeastSquares", "NonSaturating", "Saturating", "Wasserstein"]
