"""Normalizing flows: invertible transforms, and the density model made of them."""

from genera.flows.chain import Chain
from genera.flows.coupling import Coupling, Couplings
from genera.flows.elementwise import Affine, Elementwise
from genera.flows.logit import Logit
from genera.flows.masks import channel_halves, checkerboard
from genera.flows.model import NormalizingFlow
from genera.flows.multiscale import Split, Squeeze

__all__ = [
    "Affine",
    "Chain",
    "Coupling",
    "Couplings",
    "Elementwise",
    "Logit",
    "NormalizingFlow",
    "Split",
    "Squeeze",
    "channel_halves",
    "checkerboard",
]
