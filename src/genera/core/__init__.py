"""Contracts and the mathematics every family shares. Needs nothing but torch."""

from genera.core.contracts import (
    Autoencoding,
    Concluding,
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
    has_density,
)
from genera.core.dequantization import UniformDequantizer
from genera.core.distributions import DiagonalGaussian, GaussianMixture, StandardNormal
from genera.core.image_spec import ImageSpec
from genera.core.labels import one_hot
from genera.core.numerics import bits_per_dim, log_mean_exp, sum_over_dims
from genera.core.schedules import (
    Constant,
    Cosine,
    ExponentialDecay,
    FallingCycles,
    RisingCycles,
    Schedule,
    Warmup,
)

__all__ = [
    "Autoencoding",
    "Concluding",
    "Constant",
    "Cosine",
    "Density",
    "Dequantizer",
    "DiagonalGaussian",
    "Distribution",
    "ExponentialDecay",
    "Fakes",
    "FallingCycles",
    "GaussianMixture",
    "Generative",
    "ImageSpec",
    "Loss",
    "Probe",
    "Progress",
    "RisingCycles",
    "Schedule",
    "StandardNormal",
    "Trainable",
    "Transform",
    "TwoPlayer",
    "UniformDequantizer",
    "Warmup",
    "bits_per_dim",
    "has_density",
    "log_mean_exp",
    "one_hot",
    "sum_over_dims",
]
