"""Contracts and the mathematics every family shares. Needs nothing but torch."""

from genera.core.contracts import (
    Autoencoding,
    Density,
    Dequantizer,
    Distribution,
    Fakes,
    Generative,
    Loss,
    Probe,
    Progress,
    Trainable,
    Transform,
    TwoPlayer,
)
from genera.core.dequantization import UniformDequantizer
from genera.core.distributions import DiagonalGaussian, GaussianMixture, StandardNormal
from genera.core.image_spec import ImageSpec
from genera.core.numerics import bits_per_dim, log_mean_exp, sum_over_dims
from genera.core.schedules import Constant, Cosine, ExponentialDecay, Schedule

__all__ = [
    "Autoencoding",
    "Constant",
    "Cosine",
    "Density",
    "Dequantizer",
    "DiagonalGaussian",
    "Distribution",
    "ExponentialDecay",
    "Fakes",
    "GaussianMixture",
    "Generative",
    "ImageSpec",
    "Loss",
    "Probe",
    "Progress",
    "Schedule",
    "StandardNormal",
    "Trainable",
    "Transform",
    "TwoPlayer",
    "UniformDequantizer",
    "bits_per_dim",
    "log_mean_exp",
    "sum_over_dims",
]
