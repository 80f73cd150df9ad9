"""Penalties of the players. A new penalty needs its own file and an export here."""

from genera.gans.penalties.base import Penalty, check_batch_independent
from genera.gans.penalties.gradient_penalty import GradientPenalty
from genera.gans.penalties.r1 import R1

__all__ = ["R1", "GradientPenalty", "Penalty", "check_batch_independent"]
