"""Bits per dimension."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from genera.core import bits_per_dim
from genera.evaluation.image_set import random_subset
from genera.evaluation.measure import ImageMeasure, MeasureInfo, has_likelihood
from genera.evaluation.subject import Subject


def _bits_per_dim(subject: Subject, *, num_importance_samples: int, max_images: int | None) -> Tensor:
    images = subject.images if max_images is None else random_subset(subject.images, max_images)
    log_prob = subject.log_probs(images, num_importance_samples=num_importance_samples)
    return bits_per_dim(log_prob.double(), subject.model.spec.num_dims)


def bits_per_dim_measure(num_importance_samples: int, *, max_images: int | None = None) -> ImageMeasure:
    """Bits per dimension with a number of importance samples per image.

    Args:
        num_importance_samples: M; the bound is tighter with more.
        max_images: measure a random subset of this size; all images if None.
    """
    return ImageMeasure(
        name=f"bits_per_dim@{num_importance_samples}",
        info=MeasureInfo(
            title="bits/dim",
            unit="bits",
            better="lower",
            group="likelihood",
            definition="-log2 of the probability of the integer image, divided by its number of values",
        ),
        values=partial(_bits_per_dim, num_importance_samples=num_importance_samples, max_images=max_images),
        requirement=has_likelihood,
        fixed={"num_importance_samples": num_importance_samples, "seed": 0, "max_images": max_images}
        | ({} if max_images is None else {"subset": "random"}),
    )


BITS_PER_DIM = (bits_per_dim_measure(1), bits_per_dim_measure(8), bits_per_dim_measure(128, max_images=1000))
