"""Element-wise transforms of couplings. A new one needs its own file and an export here."""

from genera.flows.elementwise.affine import Affine
from genera.flows.elementwise.base import Elementwise
from genera.flows.elementwise.logistic_mixture import LogisticMixture
from genera.flows.elementwise.rational_quadratic_spline import RationalQuadraticSpline

__all__ = ["Affine", "Elementwise", "LogisticMixture", "RationalQuadraticSpline"]
