"""One progress bar for a whole training."""

from __future__ import annotations

import sys
from typing import Any

import lightning.pytorch as pl
from tqdm import tqdm

from genera.training.callbacks.clock import Clock, task_of
from genera.training.callbacks.watching import TrainingMetrics, Validation


class ProgressBar(pl.Callback):
    """Shows how much of the training is done, how long the rest takes, and how well it goes.

    Args:
        pace: the clock of the training.
        metrics: where the last training values are.
        validation: where the last validation values are.
    """

    def __init__(self, pace: Clock, *, metrics: TrainingMetrics, validation: Validation) -> None:
        self.pace = pace
        self.metrics = metrics
        self.validation = validation
        self._bar: Any = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
            done = self._done()
            self._bar = tqdm(
                total=1000, initial=done, desc="training", bar_format=layout, file=sys.stderr, mininterval=0.5
            )

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._bar is None:
            return
        shown = {"step": str(task_of(pl_module).steps), "epoch": f"{self.pace.epochs:.2f}"}
        for label, values, prefix in (("train", self.metrics.latest, "train/"), ("val", self.validation.latest, "")):
            if f"{prefix}bits_per_dim" in values:
                shown[label] = f"{values[f'{prefix}bits_per_dim']:.3f} bits/dim"
            elif f"{prefix}loss" in values:
                shown[label] = f"{values[f'{prefix}loss']:.1f} nats"
        for player in ("generator", "discriminator"):
            if f"train/{player}/loss" in self.metrics.latest:
                shown[player] = f"{self.metrics.latest[f'train/{player}/loss']:.2f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(self._done() - self._bar.n)

    def _done(self) -> int:
        """How much is, of 1000."""
        return round(1000 * self.pace.span.share_done(self.pace.progress))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None
