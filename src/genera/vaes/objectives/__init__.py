"""Training objectives of VAEs. A new one needs its own file and an export here."""

from genera.vaes.objectives.base import Objective, PosteriorSamples
from genera.vaes.objectives.beta_tcvae import BetaTcvae
from genera.vaes.objectives.elbo import Elbo
from genera.vaes.objectives.free_bits import FreeBits
from genera.vaes.objectives.iwae import Iwae

__all__ = ["BetaTcvae", "Elbo", "FreeBits", "Iwae", "Objective", "PosteriorSamples"]
