"""Pixel likelihoods ``p(x | z)``. A new one needs its own file and an export here."""

from genera.vaes.likelihoods.base import PixelLikelihood
from genera.vaes.likelihoods.bernoulli import BernoulliPixels
from genera.vaes.likelihoods.cross_entropy import CrossEntropyPixels
from genera.vaes.likelihoods.gaussian import GaussianPixels
from genera.vaes.likelihoods.gaussian_mixture import GaussianMixturePixels
from genera.vaes.likelihoods.laplace import LaplacePixels
from genera.vaes.likelihoods.logistic import LogisticPixels
from genera.vaes.likelihoods.logistic_mixture import LogisticMixturePixels

__all__ = [
    "BernoulliPixels",
    "CrossEntropyPixels",
    "GaussianMixturePixels",
    "GaussianPixels",
    "LaplacePixels",
    "LogisticMixturePixels",
    "LogisticPixels",
    "PixelLikelihood",
]
