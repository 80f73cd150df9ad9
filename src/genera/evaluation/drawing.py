"""Drawing many images in pieces that fit in memory."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import Generative


def draw(
    model: object,
    count: int,
    *,
    labels: Tensor | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = 256,
) -> Tensor:
    """Draw images from a model.

    Args:
        model: on the CPU, in evaluation mode.
        count: how many images.
        labels: int64 ``(count,)``, for a conditional model.
        temperature: spread around the mean; 1 is the model itself.
        seed: of the noise.
        batch_size: images at a time.

    Returns:
        uint8 ``(count, C, H, W)``.

    Raises:
        ValueError: the model cannot draw, or ``count`` is not positive or disagrees with ``labels``.
    """
    if not isinstance(model, Generative):
        raise ValueError(f"{type(model).__name__} cannot draw images")
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if temperature < 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")
    if labels is not None and len(labels) != count:
        raise ValueError(f"there must be one label per image, got {len(labels)} labels for {count} images")
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for start in tqdm(range(0, count, batch_size), desc="drawing", disable=count <= batch_size, leave=False):
        size = min(batch_size, count - start)
        here = None if labels is None else labels[start : start + size]
        drawn.append(model.sample(size, labels=here, temperature=temperature, generator=generator))
    return torch.cat(drawn)
