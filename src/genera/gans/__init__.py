"""Generative adversarial networks: losses, penalties, and the model."""

from genera.gans.feature_matching import feature_matching
from genera.gans.gan import GAN
from genera.gans.losses import AdversarialLoss, Hinge, LeastSquares, NonSaturating, Saturating, Wasserstein
from genera.gans.penalties import R1, GradientPenalty, Penalty

__all__ = [
    "GAN",
    "R1",
    "AdversarialLoss",
    "GradientPenalty",
    "Hinge",
    "LeastSquares",
    "NonSaturating",
    "Penalty",
    "Saturating",
    "Wasserstein",
    "feature_matching",
]
