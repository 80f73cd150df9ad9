"""Drawing images: many in pieces that fit in memory, those between two others, and those along one dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from genera.core import (
    Autoencoding,
    Generative,
    ImageModel,
    check_positive,
    check_seed,
    check_temperature,
    labels_for_sampling,
)
from genera.data.memory import check_fits_in_memory

#: Below this sine of the angle between two latents, an arc and a straight line are the same to rounding.
_MIN_SINE = 1e-4


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
        model, count, labels, temperature, seed, batch_size: as in :func:`sample_batches`.

    Returns:
        uint8 ``(count, C, H, W)``.

    Raises:
        ValueError: as for :func:`sample_batches`, or memory does not hold so many images.
    """
    batches = sample_batches(model, count, labels=labels, temperature=temperature, seed=seed, batch_size=batch_size)
    assert isinstance(model, Generative)
    shape = (count, *model.spec.shape)
    hint = "ask for fewer, or take them one by one from sample_batches"
    check_fits_in_memory(math.prod(shape), f"{count:,} samples", hint=hint)
    samples = torch.empty(shape, dtype=torch.uint8)
    # A view for each batch, which is filled as it comes.
    for place, batch in zip(samples.split(batch_size), batches, strict=True):
        place.copy_(batch)
    return samples


def sample_batches(
    model: object,
    count: int,
    *,
    labels: Tensor | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = 256,
) -> Iterator[Tensor]:
    """Sample images from a model a batch at a time, so that none need stay in memory, with a progress bar.

    Args:
        model: on the CPU, in evaluation mode.
        count: how many images.
        labels: int64 ``(count,)``, for a conditional model.
        temperature: spread around the mean; 1 is the model itself.
        seed: of the noise.
        batch_size: images at a time; the samples depend on it.

    Returns:
        uint8 ``(B, C, H, W)`` each, ``count`` images in all.

    Raises:
        ValueError: the model cannot draw, or an argument is out of range or disagrees with ``labels``.
    """
    if not (isinstance(model, ImageModel) and isinstance(model, Generative)):
        raise ValueError(f"{type(model).__name__} cannot draw images")
    check_positive(count=count, batch_size=batch_size)
    check_temperature(temperature)
    check_seed(seed)
    if labels is not None:
        # Before they are divided, where too many would pass.
        labels = labels_for_sampling(model, count, labels)
    generator = torch.Generator().manual_seed(seed)

    def batches() -> Iterator[Tensor]:
        with tqdm(total=count, desc="sampling", unit=" images", disable=count <= batch_size, leave=False) as bar:
            for start in range(0, count, batch_size):
                size = min(batch_size, count - start)
                here = None if labels is None else labels[start : start + size]
                yield model.sample(size, labels=here, temperature=temperature, generator=generator)
                bar.update(size)

    return batches()


@torch.inference_mode()
def interpolate(
    model: Autoencoding,
    ends: tuple[Tensor, Tensor],
    *,
    count: int,
    labels: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw what lies between two images, on the way from the latent of one to that of the other.

    The way is an arc around the origin, not a straight line. In D dimensions a normal latent is about √D long; halfway
    between two of them a straight line is down to √(D/2), where hardly any image lies and models draw greyer ones. For
    codes without a prior neither way is the right one. Where two latents coincide the arc is the straight line.

    Args:
        model: in evaluation mode.
        ends: two times uint8 ``(B, C, H, W)``: where each way starts and where it ends.
        count: how many images each way has, with both ends, which are the model's reconstructions: for a flow, the
            images themselves.
        labels: int64 ``(B,)``, for a conditional model; the same for both images, as there is nothing between labels.
        generator: starts and ends at draws of the latents, which is what the model was trained on, not at the means.
            A flow with a learned dequantizer needs it: the middle of a bin may be where pixels hardly ever are.

    Returns:
        uint8 ``(B, count, C, H, W)``.

    Raises:
        ValueError: ``count`` is below 2, or the images do not fit each other or the model.

    Source:
        White (2016), section 2.1.
    """
    check_positive(count=count)
    if count < 2:
        raise ValueError(f"count must be at least 2, for the two ends, got {count}")
    if ends[0].shape != ends[1].shape:
        raise ValueError(f"both ends must have one shape, got {tuple(ends[0].shape)} and {tuple(ends[1].shape)}")
    start, end = (model.encode(images, labels, generator=generator) for images in ends)
    # Of what lies in between, (count - 2, 1, 1): the ends must not be touched by rounding.
    t = torch.linspace(0, 1, count, dtype=start.dtype, device=start.device)[1:-1, None, None]
    angle = torch.acos(F.cosine_similarity(start, end, dim=1).clamp(-1, 1))[:, None]
    sine = torch.sin(angle)
    curved = sine > _MIN_SINE
    from_start = torch.where(curved, torch.sin((1 - t) * angle) / sine, 1 - t)
    from_end = torch.where(curved, torch.sin(t * angle) / sine, t)
    way = [start, *(from_start * start + from_end * end), end]
    return torch.stack([model.decode(z, labels) for z in way], dim=1)


@torch.inference_mode()
def traverse(
    model: Autoencoding, images: Tensor, dims: Sequence[int], *, values: Tensor, labels: Tensor | None = None
) -> Tensor:
    """Draw what becomes of images when one dimension of their latent takes other values.

    Args:
        model: in evaluation mode.
        images: uint8 ``(B, C, H, W)``, whose latents the others are near.
        dims: which dimensions to move, one at a time.
        values: ``(V,)`` that the dimension takes in turn; -3 … 3 is where nearly all of a standard normal lies.
        labels: int64 ``(B,)``, for a conditional model.

    Returns:
        uint8 ``(B, len(dims), V, C, H, W)``.

    Raises:
        ValueError: a dimension is not one of the latent, or the images do not fit the model.

    Source:
        Higgins et al. (2017), figure 1.
    """
    z = model.encode(images, labels)
    if not dims or not all(0 <= dim < z.shape[1] for dim in dims):
        raise ValueError(f"dims must be some of the {z.shape[1]} of the latent, from 0 on, got {list(dims)}")
    rows = []
    for dim in dims:
        for value in values.tolist():
            moved = z.clone()
            moved[:, dim] = value
            rows.append(model.decode(moved, labels))
    return torch.stack(rows, dim=1).unflatten(1, (len(dims), len(values)))
