"""The progress bar of a training."""

from __future__ import annotations

import sys
from typing import Any

from tqdm.auto import tqdm

from genera.training.callbacks.clock import Clock
from genera.training.callbacks.training_metrics import TrainingMetrics
from genera.training.callbacks.validation import Validation


class ProgressBar:
    """Shows the progress, the remaining time and the latest losses."""

    def __init__(self, clock: Clock, *, metrics: TrainingMetrics, validation: Validation) -> None:
        self.clock = clock
        self.metrics = metrics
        self.validation = validation
        self._bar: Any = None

    def open(self) -> None:
        """Show the bar at the current progress."""
        bar_format = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        self._bar = tqdm(
            total=1000, initial=self._done(), desc="training", bar_format=bar_format, file=sys.stderr, mininterval=0.5
        )

    def update(self, step: int) -> None:
        """Show the progress and the latest values after a step."""
        if self._bar is None:
            return
        postfix = {"step": str(step), "epoch": f"{self.clock.epochs:.2f}"}
        for label, values, prefix in (("train", self.metrics.latest, "train/"), ("val", self.validation.latest, "")):
            if f"{prefix}bits_per_dim" in values:
                postfix[label] = f"{values[f'{prefix}bits_per_dim']:.3f} bits/dim"
            elif f"{prefix}loss" in values:
                postfix[label] = f"{values[f'{prefix}loss']:.1f} nats"
        for player in ("generator", "discriminator"):
            if f"train/{player}/loss" in self.metrics.latest:
                postfix[player] = f"{self.metrics.latest[f'train/{player}/loss']:.2f}"
        self._bar.set_postfix(postfix, refresh=False)
        self._bar.update(self._done() - self._bar.n)

    def close(self) -> None:
        """Close the bar and leave its last state on the screen."""
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None

    def _done(self) -> int:
        """The progress in thousandths."""
        return round(1000 * self.clock.duration.fraction_done(self.clock.progress))
