"""Reconstructions of many images, in batches."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm.auto import tqdm

from genera.core import Autoencoding
from genera.data import ImageSplit, SequentialBatches

_BATCH = 250


@torch.inference_mode()
def reconstruct_images(model: Autoencoding, images: ImageSplit) -> Tensor:
    """Reconstruct images batch by batch, with a progress bar; conditional models get the labels of the images.

    Returns:
        uint8 ``(N, C, H, W)``, on the CPU.
    """
    batches = SequentialBatches(images, batch_size=_BATCH, device=model.device)
    bar = tqdm(batches, desc="reconstructions", leave=False, disable=len(batches) == 1)
    return torch.cat([model.reconstruct(*batch) for batch in bar]).cpu()
