"""What the discriminator pays for steepness. A new penalty is its file and its line here."""

from genera.gans.penalties.base import Penalty, check_independent
from genera.gans.penalties.gradient_penalty import GradientPenalty
from genera.gans.penalties.r1 import R1

__all__ = ["R1", "GradientPenalty", "Penalty", "check_independent"]
