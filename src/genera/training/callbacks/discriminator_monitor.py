"""Detects that the discriminator wins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
from torch import Tensor
from tqdm.auto import tqdm

#: The discriminator has won if its loss is below this fraction of its loss at chance.
_MAX_RELATIVE_LOSS = 0.02


class DiscriminatorMonitor:
    """Warns once if the discriminator's mean loss over an epoch is almost zero.

    Of several discriminator steps per generator step it uses the last, and of several processes the first.
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0
        self._has_warned = False

    def add(self, trainer: pl.Trainer, scalars: Mapping[str, Tensor], *, is_epoch_end: bool) -> None:
        """Add the values of a step; does nothing without a discriminator."""
        loss = scalars.get("discriminator/relative_loss")
        if loss is None:
            return
        self._sum += float(loss)
        self._count += 1
        if not is_epoch_end:
            return
        mean, self._sum, self._count = self._sum / self._count, 0.0, 0
        if mean <= _MAX_RELATIVE_LOSS and not self._has_warned and trainer.is_global_zero:
            self._has_warned = True
            tqdm.write(
                f"for an epoch the discriminator's loss was {mean:.1%} of its loss at chance: it has won and the "
                "generator learns little; a lower learning rate for it, spectral_norm or a penalty may help",
                file=sys.stderr,
            )

    def state_dict(self) -> dict[str, Any]:
        return {"sum": self._sum, "count": self._count, "has_warned": self._has_warned}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sum, self._count, self._has_warned = state["sum"], state["count"], state["has_warned"]
