"""One progress bar for a whole training."""

from __future__ import annotations

import sys
from typing import Any

from tqdm.auto import tqdm

from genera.training.callbacks.clock import Clock
from genera.training.callbacks.training_metrics import TrainingMetrics
from genera.training.callbacks.validation import Validation


class ProgressBar:
    """Shows how much of the training is done, how long the rest takes, and the last losses.

    Args:
        clock: of the training.
        metrics: has the last training values.
        validation: has the last validation values.
    """

    def __init__(self, clock: Clock, *, metrics: TrainingMetrics, validation: Validation) -> None:
        self.clock = clock
        self.metrics = metrics
        self.validation = validation
        self._bar: Any = None

    def open(self) -> None:
        """Show the bar, from where the training stands."""
        layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        self._bar = tqdm(
            total=1000, initial=self._done(), desc="training", bar_format=layout, file=sys.stderr, mininterval=0.5
        )

    def update(self, step: int) -> None:
        """Show where the training stands after a step."""
        if self._bar is None:
            return
        shown = {"step": str(step), "epoch": f"{self.clock.epochs:.2f}"}
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

    def close(self) -> None:
        """Leave the last state on the screen."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None

    def _done(self) -> int:
        """How much is done, of 1000."""
        return round(1000 * self.clock.duration.share_done(self.clock.progress))
