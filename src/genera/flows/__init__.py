"""Normalizing flows: invertible transforms, and the density model built from them."""

from genera.flows.actnorm import ActNorm
from genera.flows.chain import Chain
from genera.flows.coupling import Coupling, Couplings
from genera.flows.elementwise import Affine, Elementwise, LogisticMixture, RationalQuadraticSpline
from genera.flows.glow import GlowSteps
from genera.flows.invertible_conv import InvertibleConv1x1
from genera.flows.logit import Logit
from genera.flows.masks import channel_halves, checkerboard, squeezed_checkerboard
from genera.flows.multiscale import Split, Squeeze, Squeezed
from genera.flows.normalizing_flow import NormalizingFlow
from genera.flows.permutation import Permutation
from genera.flows.pixel_map import log_prob_map
from genera.flows.split_prior import ConditionalSplitPrior, SplitPrior
from genera.flows.variational_dequantizer import VariationalDequantizer

__all__ = [
    "ActNorm",
    "Affine",
    "Chain",
    "ConditionalSplitPrior",
    "Coupling",
    "Couplings",
    "Elementwise",
    "GlowSteps",
    "InvertibleConv1x1",
    "LogisticMixture",
    "Logit",
    "NormalizingFlow",
    "Permutation",
    "RationalQuadraticSpline",
    "Split",
    "SplitPrior",
    "Squeeze",
    "Squeezed",
    "VariationalDequantizer",
    "channel_halves",
    "checkerboard",
    "log_prob_map",
    "squeezed_checkerboard",
]
