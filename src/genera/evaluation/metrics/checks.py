"""Checks of sets of features."""

from __future__ import annotations

from torch import Tensor


def check_features(minimum: int, **sets: Tensor) -> None:
    """Check that sets of features, passed by name, have enough images, shape ``(N, F)`` with one F, and are finite.

    Raises:
        ValueError: a set has fewer than ``minimum`` images, another shape, or values that are not finite.
    """
    if min(map(len, sets.values())) < minimum:
        counts = " and ".join(f"{len(features)} {name}" for name, features in sets.items())
        raise ValueError(f"this metric needs at least {minimum} images in each set, got {counts}")
    shapes = [tuple(features.shape) for features in sets.values()]
    if any(len(shape) != 2 for shape in shapes) or len({shape[1] for shape in shapes}) > 1:
        raise ValueError(f"features must have shape (N, F), with one F, got {' and '.join(map(str, shapes))}")
    if not all(features.isfinite().all() for features in sets.values()):
        raise ValueError("features must be finite, got inf or NaN: check the weights of the network")
