"""Whether the discriminator of two players has won."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
from torch import Tensor
from tqdm import tqdm

#: A discriminator whose loss is below this share of its loss at chance has nothing left to learn.
_WON = 0.02


class DiscriminatorMonitor:
    """Warns once when the discriminator's loss has been next to nothing for an epoch.

    Of several discriminator steps for one of the generator the last counts, and of several processes the first.
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0
        self._has_warned = False

    def add(self, trainer: pl.Trainer, scalars: Mapping[str, Tensor], *, is_epoch_end: bool) -> None:
        """Add what a step logged; nothing where there is no discriminator."""
        loss = scalars.get("discriminator/relative_loss")
        if loss is None:
            return
        self._sum += float(loss)
        self._count += 1
        if not is_epoch_end:
            return
        mean, self._sum, self._count = self._sum / self._count, 0.0, 0
        if mean <= _WON and not self._has_warned and trainer.is_global_zero:
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
