"""Feature matching."""

from __future__ import annotations

import torch
from torch import Tensor

from genera.core import at_least_float32


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """``‖mean f(x) - mean f(G(z))‖``: how far fakes are from images on average, in the features of a discriminator.

    It is for the generator: no gradient reaches the features of real images. Where the means coincide it is zero.

    Args:
        real: features of images, ``(B, …)``.
        fake: features of fakes, of the same shape but for B.

    Returns:
        ``()``, in float32 at least.

    Source:
        Salimans et al. (2016), section 3.1, who square the norm; the report, which does not.
    """
    real, fake = at_least_float32(real.detach()), at_least_float32(fake)
    # Where the difference is zero, torch takes the gradient of its norm to be zero as well, not 0 / 0.
    return torch.linalg.vector_norm(real.mean(dim=0) - fake.mean(dim=0))
