"""Autoencoders and variational autoencoders: posteriors, priors, pixel likelihoods, objectives, and the models."""

from genera.vaes.autoencoder import Autoencoder
from genera.vaes.likelihoods import (
    BernoulliPixels,
    CrossEntropyPixels,
    GaussianMixturePixels,
    GaussianPixels,
    LaplacePixels,
    LogisticMixturePixels,
    LogisticPixels,
    PixelLikelihood,
)
from genera.vaes.objectives import BetaTcvae, Elbo, FreeBits, Iwae, Objective
from genera.vaes.posterior import ACTIVE_VARIANCE, DiagonalPosterior
from genera.vaes.priors import FlowPrior, VampPrior
from genera.vaes.vae import VAE

__all__ = [
    "ACTIVE_VARIANCE",
    "VAE",
    "Autoencoder",
    "BernoulliPixels",
    "BetaTcvae",
    "CrossEntropyPixels",
    "DiagonalPosterior",
    "Elbo",
    "FlowPrior",
    "FreeBits",
    "GaussianMixturePixels",
    "GaussianPixels",
    "Iwae",
    "LaplacePixels",
    "LogisticMixturePixels",
    "LogisticPixels",
    "Objective",
    "PixelLikelihood",
    "VampPrior",
]
