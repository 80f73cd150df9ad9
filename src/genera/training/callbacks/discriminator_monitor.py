"""Looking at whether two players are a match for each other."""

from __future__ import annotations

import sys
from typing import Any

import lightning.pytorch as pl
from tqdm import tqdm

from genera.training.callbacks.clock import task_of

#: A discriminator that pays less than this share of what it would pay if all looked the same has nothing left to learn.
_WON = 0.02


class DiscriminatorMonitor(pl.Callback):
    """Says once when a discriminator has paid next to nothing for an epoch.

    Of several steps of the discriminator the last counts, and of several processes the first.

    Args:
        steps_per_epoch: of the generator.
    """

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self._paid = 0.0
        self._has_warned = False

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        paid = outputs["scalars"].get("discriminator/relative_loss")
        if paid is None:
            return
        self._paid += float(paid)
        if task_of(pl_module).steps % self.steps_per_epoch:
            return
        share, self._paid = self._paid / self.steps_per_epoch, 0.0
        if share <= _WON and not self._has_warned and trainer.is_global_zero:
            self._has_warned = True
            tqdm.write(
                f"for an epoch the discriminator has paid {share:.1%} of what it would if fakes looked like images: it "
                "has won and the generator learns little; a lower learning rate of its own, spectral_norm or a penalty "
                "may help",
                file=sys.stderr,
            )

    def state_dict(self) -> dict[str, Any]:
        return {"paid": self._paid, "has_warned": self._has_warned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._paid = state_dict["paid"]
        self._has_warned = state_dict["has_warned"]
