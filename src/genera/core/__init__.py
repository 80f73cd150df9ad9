"""Contracts and mathematics that all families share. Depends on torch only."""

from genera.core.autograd import first_order_only
from genera.core.capabilities import (
    Autoencoding,
    Density,
    Fakes,
    Generative,
    Loss,
    Probe,
    Trainable,
    TwoPlayer,
    has_density,
)
from genera.core.checks import (
    check_count,
    check_importance_samples,
    check_not_negative,
    check_positive,
    check_seed,
    check_temperature,
)
from genera.core.dequantization import Dequantizer, UniformDequantizer
from genera.core.distributions import (
    DiagonalGaussian,
    Distribution,
    GaussianMixture,
    StandardNormal,
    gaussian_log_prob_per_dim,
)
from genera.core.image_model import ImageModel
from genera.core.image_spec import ImageSpec, rescale_levels
from genera.core.labels import check_labels, labels_for_sampling, one_hot
from genera.core.numerics import at_least_float32, bits_per_dim, log_mean_exp, sum_over_dims
from genera.core.schedules import (
    Constant,
    Cosine,
    ExponentialDecay,
    FallingCycles,
    Progress,
    RisingCycles,
    Schedule,
    Warmup,
)
from genera.core.seeding import noise_from
from genera.core.transform import Transform

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
    "FallingCycles",
    "GaussianMixture",
    "Generative",
    "ImageModel",
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
    "at_least_float32",
    "bits_per_dim",
    "check_count",
    "check_importance_samples",
    "check_labels",
    "check_not_negative",
    "check_positive",
    "check_seed",
    "check_temperature",
    "first_order_only",
    "gaussian_log_prob_per_dim",
    "has_density",
    "labels_for_sampling",
    "log_mean_exp",
    "noise_from",
    "one_hot",
    "rescale_levels",
    "sum_over_dims",
]
