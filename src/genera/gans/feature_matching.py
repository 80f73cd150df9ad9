"""The feature matching loss."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import at_least_float32


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """``‖mean f(x) - mean f(G(z))‖``: the distance between the mean discriminator features of images and fakes.

    This is a loss of the generator: no gradient reaches the features of real images. It is zero if the means are equal.

    Args:
        real: features of images, ``(B, …)``.
        fake: features of fakes, of the same shape except B.

    Returns:
        ``()``, at least float32.

    Source:
        Salimans et al. (2016), section 3.1, who square the norm; the report, which does not.
    """
    real, fake = at_least_float32(real.detach()), at_least_float32(fake)
    # If the difference is zero, torch defines the gradient of the norm as zero, not 0 / 0.
    return torch.linalg.vector_norm(real.mean(dim=0) - fake.mean(dim=0))
