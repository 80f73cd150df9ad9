"""The images of a training as a Lightning data module."""

from __future__ import annotations

import lightning.pytorch as pl

from genera.data import ImageSplit, ShuffledBatches


class DataModule(pl.LightningDataModule):
    """Gives each process its share of the training images, starting at the current step.

    Args:
        images: the training split.
        validation_images: the images to validate on, which :class:`~genera.training.callbacks.validation.Validation`
            reads itself.
        batch_size: images per step, over all processes.
        seed: of the order of the training images and of all noise.

    Raises:
        ValueError: there are fewer images than a batch.
    """

    def __init__(self, images: ImageSplit, validation_images: ImageSplit, *, batch_size: int, seed: int) -> None:
        super().__init__()
        self.images = images
        self.validation_images = validation_images
        self.batch_size = batch_size
        self.seed = seed
        self.steps_per_epoch = ShuffledBatches(images, batch_size=batch_size, seed=seed).steps_per_epoch

    def train_dataloader(self) -> ShuffledBatches:
        assert self.trainer is not None
        return ShuffledBatches(
            self.images,
            batch_size=self.batch_size,
            seed=self.seed,
            start_step=self.trainer.global_step,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
            device=self.trainer.strategy.root_device,
        )
