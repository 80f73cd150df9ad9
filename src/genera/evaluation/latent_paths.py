"""Interpolate between two images, and traverse one latent dimension."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genera.core import Autoencoding, check_positive

#: Below this sine of the angle between two latents, the arc equals the straight line up to rounding.
_MIN_SINE = 1e-4


@torch.inference_mode()
def interpolate(
    model: Autoencoding,
    ends: tuple[Tensor, Tensor],
    *,
    count: int,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Interpolate between two images: decode latents on the path from the latent of one to that of the other.

    The path is a spherical interpolation, not a straight line. In D dimensions the norm of a normal latent is about √D;
    the midpoint of a straight line between two of them has norm √(D/2), where the prior has little mass and decoded
    images are greyer. For codes without a prior neither path is preferable. For equal latents the two paths agree.

    Args:
        model: in evaluation mode.
        ends: start and end images, uint8 ``(B, C, H, W)`` each.
        count: images per path, including both ends, which are the model's reconstructions: for a flow, the images
            themselves.
        labels: int64 ``(B,)``, for a conditional model; both images of a pair share one label.
        generator: samples the latents of the ends, as in training; without it the ends are the means. Needed for a
            flow with a learned dequantizer: the centre of a bin may have little probability.

    Returns:
        uint8 ``(B, count, C, H, W)``.

    Raises:
        ValueError: ``count`` is below 2, or the images differ in shape or do not fit the model.

    Source:
        White (2016), section 2.1.
    """
    check_positive(count=count)
    if count < 2:
        raise ValueError(f"count must be at least 2, for both ends, got {count}")
    if ends[0].shape != ends[1].shape:
        raise ValueError(f"both ends must have the same shape, got {tuple(ends[0].shape)} and {tuple(ends[1].shape)}")
    start, end = (model.encode(images, labels, generator=generator) for images in ends)
    # (count - 2, 1, 1), without the ends, which rounding must not change.
    t = torch.linspace(0, 1, count, dtype=start.dtype, device=start.device)[1:-1, None, None]
    angle = torch.acos(F.cosine_similarity(start, end, dim=1).clamp(-1, 1))[:, None]
    sine = torch.sin(angle)
    is_arc = sine > _MIN_SINE
    from_start = torch.where(is_arc, torch.sin((1 - t) * angle) / sine, 1 - t)
    from_end = torch.where(is_arc, torch.sin(t * angle) / sine, t)
    path = [start, *(from_start * start + from_end * end), end]
    return torch.stack([model.decode(z, labels) for z in path], dim=1)


@torch.inference_mode()
def traverse(
    model: Autoencoding, images: Tensor, dims: Sequence[int], *, values: Tensor, labels: Tensor | None = None
) -> Tensor:
    """Decode the latents of images with one dimension at a time set to given values.

    Args:
        model: in evaluation mode.
        images: uint8 ``(B, C, H, W)``, which are encoded.
        dims: dimensions of the latent to change, one at a time.
        values: ``(V,)`` for each dimension; -3 … 3 covers nearly all of a standard normal.
        labels: int64 ``(B,)``, for a conditional model.

    Returns:
        uint8 ``(B, len(dims), V, C, H, W)``.

    Raises:
        ValueError: a dimension is out of range, or the images do not fit the model.

    Source:
        Higgins et al. (2017), figure 1.
    """
    z = model.encode(images, labels)
    if not dims or not all(0 <= dim < z.shape[1] for dim in dims):
        raise ValueError(f"dims must be between 0 and {z.shape[1] - 1}, at least one, got {list(dims)}")
    rows = []
    for dim in dims:
        for value in values.tolist():
            changed = z.clone()
            changed[:, dim] = value
            rows.append(model.decode(changed, labels))
    return torch.stack(rows, dim=1).unflatten(1, (len(dims), len(values)))
