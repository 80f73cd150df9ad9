"""A mixture of Gaussians over the codes of an autoencoder."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from genera.core import check_count, check_positive, check_temperature

#: Iterations of expectation maximization; each takes up to a second for codes of 256 numbers.
_MAX_ITERATIONS = 30


class CodeMixture(nn.Module):
    """``Σ_k weights_k N(means_k, factors_k factors_kᵀ)``, fitted and not trained: its parameters are buffers.

    Args:
        num_dims: D.
        num_components: K.

    Raises:
        ValueError: ``num_components`` is not positive.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, num_dims: int, *, num_components: int) -> None:
        super().__init__()
        check_positive(num_components=num_components)
        self.register_buffer("weights", torch.zeros(num_components))
        self.register_buffer("means", torch.zeros(num_components, num_dims))
        self.register_buffer("factors", torch.zeros(num_components, num_dims, num_dims))

    @property
    def is_fitted(self) -> bool:
        """Whether it has been fitted to codes."""
        return bool(self.weights.sum() > 0)

    @torch.no_grad()
    def fit(self, codes: Tensor, *, seed: int) -> None:
        """Fit to codes ``(N, D)`` by expectation maximization; with fewer codes than components, some get no weight.

        Raises:
            ValueError: there are fewer than two codes.

        Source:
            Dempster, Laird & Rubin (1977), as in scikit-learn.
        """
        if len(codes) < 2:
            raise ValueError(f"a mixture of codes needs at least two training images, got {len(codes)}")
        # The import takes half a second and is only needed at the end of training.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        num_used = min(len(self.weights), len(codes))
        # A lower bound on the variance of nearly constant dimensions, relative to the scale of the codes.
        floor = 1e-3 * float(codes.var(dim=0).mean()) + 1e-12
        mixture = GaussianMixture(num_used, reg_covar=floor, max_iter=_MAX_ITERATIONS, random_state=seed)
        with warnings.catch_warnings():
            # Full convergence would take minutes and hardly changes the likelihood.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(codes.cpu().double().numpy())
        self.weights.zero_()
        self.weights[:num_used] = torch.from_numpy(mixture.weights_).to(self.weights)
        self.means[:num_used] = torch.from_numpy(mixture.means_).to(self.means)
        self.factors[:num_used] = torch.linalg.cholesky(torch.from_numpy(mixture.covariances_)).to(self.factors)

    def sample(self, count: int, *, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """Sample ``(count, D)``; ``temperature`` scales the noise around the mean of the sampled component.

        Raises:
            ValueError: it has not been fitted, or ``count`` or ``temperature`` is out of range.
        """
        check_count(count)
        check_temperature(temperature)
        if not self.is_fitted:
            raise ValueError(
                "the mixture this autoencoder samples codes from is fitted when training ends: finish the training"
            )
        # torch.multinomial cannot sample zero times.
        component = torch.multinomial(self.weights, max(count, 1), replacement=True, generator=generator)[:count]
        noise = torch.randn(
            count, self.means.shape[1], generator=generator, device=self.means.device, dtype=self.means.dtype
        )
        deviation = torch.einsum("nij,nj->ni", self.factors[component], noise)
        return self.means[component] + temperature * deviation
