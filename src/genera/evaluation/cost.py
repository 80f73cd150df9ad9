"""What a model costs its user."""

from __future__ import annotations

import statistics
import time
from typing import Any

import torch

from genera.core import Generative, ImageModel
from genera.data import ImageDataset
from genera.evaluation.measures import Measure, Measurement

#: Images drawn at a time, and how often.
_BATCH, _ROUNDS = 64, 3


class SpeedMeasure(Measure):
    """Images drawn per second, the median of some batches; the interval is from the slowest to the fastest.

    It is a figure of the machine as well: compare what was measured on one, with as many threads.
    """

    @property
    def name(self) -> str:
        return "samples_per_second"

    @property
    def settings(self) -> dict[str, Any]:
        return {"batch_size": _BATCH, "threads": torch.get_num_threads(), "interval": f"ends of {_ROUNDS} rounds"}

    def unavailable(self, model: ImageModel, data: ImageDataset, *, split: str) -> str | None:
        return None if isinstance(model, Generative) else f"{type(model).__name__} draws no images"

    def measure(self, model: ImageModel, data: ImageDataset, *, split: str) -> Measurement:
        assert isinstance(model, Generative)
        found = []
        # The first round finds memory that the others take again.
        for _ in range(_ROUNDS + 1):
            start = time.perf_counter()
            model.sample(_BATCH)
            found.append(_BATCH / (time.perf_counter() - start))
        found = found[1:]
        return Measurement(statistics.median(found), min(found), max(found), _BATCH * _ROUNDS, self.settings)
