"""A catalogue of image data sets with fixed splits, and batches of images in memory.

Example:
    >>> from genera.data import ShuffledBatches, find_dataset
    >>> digits = find_dataset("digits")()
    >>> digits.spec.shape, digits.spec.levels
    ((1, 8, 8), 17)
    >>> pixels, labels = next(iter(ShuffledBatches(digits.split("train"), batch_size=32)))
    >>> pixels.shape, labels.shape
    (torch.Size([32, 1, 8, 8]), torch.Size([32]))
"""

from genera.data.batches import SequentialBatches, ShuffledBatches
from genera.data.catalogue import dataset_names, find_dataset
from genera.data.images import ImageDataset, ImageSplit, describe_difference

__all__ = [
    "ImageDataset",
    "ImageSplit",
    "SequentialBatches",
    "ShuffledBatches",
    "dataset_names",
    "describe_difference",
    "find_dataset",
]
