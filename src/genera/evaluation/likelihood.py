"""Log-probabilities of many images, in batches."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import Density, check_importance_samples, check_seed, log_mean_exp
from genera.data import ImageSplit, SequentialBatches


def log_probs(
    model: Density, images: ImageSplit, *, num_importance_samples: int = 1, seed: int = 0, batch_size: int = 25
) -> Tensor:
    """The model's bound on the log-probability of each image, with a progress bar.

    For a class-conditional model this is the log of the mean probability over all classes, without the labels:
    otherwise it could not be compared with unconditional models.

    Args:
        model: in evaluation mode.
        images: one split.
        num_importance_samples: importance samples per image.
        seed: of the importance samples.
        batch_size: images per batch; the importance samples depend on it.

    Returns:
        ``(N,)`` nats, on the CPU.

    Raises:
        ValueError: the images do not fit the model, or ``num_importance_samples`` or ``seed`` is out of range.
    """
    check_importance_samples(num_importance_samples=num_importance_samples)
    check_seed(seed)
    log_prob = []
    label = f"log-probabilities (M = {num_importance_samples})"
    with torch.inference_mode(), tqdm(total=len(images), desc=label, unit=" images") as bar:
        batches = SequentialBatches(images, batch_size=batch_size, device=model.device)
        for batch, (pixels, _) in enumerate(batches):
            generator = torch.Generator(model.device).manual_seed(seed + batch)
            by_class = [
                model.log_prob(pixels, labels, num_importance_samples=num_importance_samples, generator=generator)
                for labels in _labels_to_condition_on(model, len(pixels))
            ]
            log_prob.append(log_mean_exp(torch.stack(by_class)))
            bar.update(len(pixels))
    return torch.cat(log_prob).cpu()


def _labels_to_condition_on(model: Density, count: int) -> list[Tensor | None]:
    """Labels ``(count,)`` of each class in turn for a class-conditional model, otherwise None."""
    if not model.class_conditional:
        return [None]
    return [torch.full((count,), label, device=model.device) for label in range(model.spec.num_classes)]
