"""Log-probabilities of many images."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm import tqdm

from genera.core import Density, check_importance_samples, check_seed, log_mean_exp
from genera.data import ImageSplit, SequentialBatches


def log_probs(
    model: Density, images: ImageSplit, *, num_importance_samples: int = 1, seed: int = 0, batch_size: int = 25
) -> Tensor:
    """The model's bound on the log-probability of every image, with a progress bar.

    A class-conditional model is not told the labels, or it would be charged less than the others: what counts is the
    mean of its probabilities given each class.

    Args:
        model: in evaluation mode.
        images: one split.
        num_importance_samples: draws per image.
        seed: of the draws.
        batch_size: images at a time; the draws depend on it.

    Returns:
        ``(N,)`` nats.

    Raises:
        ValueError: the images do not fit the model, or ``num_importance_samples`` or ``seed`` is out of range.
    """
    check_importance_samples(num_importance_samples=num_importance_samples)
    check_seed(seed)
    found = []
    label = f"log-probabilities, {num_importance_samples} draws each"
    with torch.inference_mode(), tqdm(total=len(images), desc=label, unit=" images") as bar:
        for batch, (pixels, _) in enumerate(SequentialBatches(images, batch_size=batch_size)):
            generator = torch.Generator().manual_seed(seed + batch)
            given_each = [
                model.log_prob(pixels, labels, num_importance_samples=num_importance_samples, generator=generator)
                for labels in _every_label(model, len(pixels))
            ]
            found.append(log_mean_exp(torch.stack(given_each)))
            bar.update(len(pixels))
    return torch.cat(found)


def _every_label(model: Density, count: int) -> list[Tensor | None]:
    """The labels ``(count,)`` to be conditioned on in turn: each class, or none at all."""
    if not model.class_conditional:
        return [None]
    return [torch.full((count,), label) for label in range(model.spec.num_classes)]
