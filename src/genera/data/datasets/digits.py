"""Digits: the small handwritten digits included in scikit-learn."""

from __future__ import annotations

import torch

from genera.core.image_spec import ImageSpec
from genera.data.dataset_info import dataset
from genera.data.images import ImageDataset, ImageSplit
from genera.data.splits import three_splits


@dataset(
    summary="small handwritten digits; needs no download",
    size="1,797 · 8×8 grey, 17 levels · 10 classes",
    licence="CC BY 4.0",
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)
def digits() -> ImageDataset:
    """Digits: 1,797 handwritten digits, 8×8 with 17 levels of grey, split 80 / 10 / 10 % per class.

    Source:
        Alpaydin & Kaynak (1998), "Optical recognition of handwritten digits"; its test set, as in scikit-learn.
    """
    # The import takes over a second.
    from sklearn.datasets import load_digits

    table = load_digits()
    pixels = torch.from_numpy(table.images).to(torch.uint8).unsqueeze(1)
    images = ImageSplit(pixels, torch.from_numpy(table.target).to(torch.int64))
    spec = ImageSpec(1, 8, 8, levels=17, num_classes=10)
    return ImageDataset("digits", spec, class_names=tuple("0123456789"), splits=three_splits(images))
