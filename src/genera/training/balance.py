"""Looking at whether two players are a match for each other."""

from __future__ import annotations

import sys
from typing import Any

import lightning.pytorch as pl
from tqdm import tqdm

from genera.training.pace import task_of

#: A discriminator that holds the image for more real than the fake in this share of pairs has nothing left to learn.
_WON = 0.999


class Balance(pl.Callback):
    """Says once when a discriminator has told images from fakes without fail for an epoch.

    Of several steps of the discriminator the last counts, and of several processes the first.

    Args:
        steps_per_epoch: of the generator.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self._told_apart = 0.0
        self._has_warned = False

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        told_apart = outputs["watched"].get("discriminator/told_apart")
        if told_apart is None:
            return
        self._told_apart += float(told_apart)
        if task_of(pl_module).steps % self.steps_per_epoch:
            return
        share, self._told_apart = self._told_apart / self.steps_per_epoch, 0.0
        if share >= _WON and not self._has_warned and trainer.is_global_zero:
            self._has_warned = True
            tqdm.write(
                f"the discriminator told images from fakes in {share:.1%} of pairs for an epoch. Unless its loss is "
                "Wasserstein's, which wants that, it has won and the generator learns little: a lower learning rate "
                "of its own, spectral_norm or a penalty may help",
                file=sys.stderr,
            )

    def state_dict(self) -> dict[str, Any]:
        return {"told_apart": self._told_apart, "has_warned": self._has_warned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._told_apart = state_dict["told_apart"]
        self._has_warned = state_dict["has_warned"]
