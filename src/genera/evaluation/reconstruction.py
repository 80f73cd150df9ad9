"""Reconstructions of many images, in batches."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import Autoencoding, ImageModel
from genera.data import ImageSplit, SequentialBatches

_BATCH = 250


@torch.inference_mode()
def reconstruct_images(model: ImageModel, images: ImageSplit) -> Tensor:
    """Reconstruct images batch by batch, with a progress bar; conditional models get the labels of the images.

    Returns:
        uint8 ``(N, C, H, W)``, on the CPU.

    Raises:
        ValueError: the model has no encoder, or the images do not fit.
    """
    if not isinstance(model, Autoencoding):
        raise ValueError(f"{type(model).__name__} cannot reconstruct images: it has no encoder")
    batches = SequentialBatches(images, batch_size=_BATCH, device=model.device)
    bar = tqdm(batches, desc="reconstructions", leave=False, disable=len(batches) == 1)
    return torch.cat([model.reconstruct(*batch) for batch in bar]).cpu()
